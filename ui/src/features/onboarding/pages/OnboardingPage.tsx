import { Button, Group, Paper, SimpleGrid, Skeleton, Stack, Stepper, Text } from '@mantine/core';
import { IconBuildingStore, IconMessage, IconPlugConnected } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { accountKeys, meQuery } from '~/features/accounts/queries';
import { catalogQuery } from '~/features/catalog/queries';
import { NeededConnection } from '~/features/connections/components/NeededConnection';
import { everyConnectionQuery } from '~/features/connections/queries';
import type { Deployed } from '~/features/templates/queries';
import { FirstAgent } from '../components/FirstAgent';
import { FirstChat } from '../components/FirstChat';
import { rememberOnboarded } from '../onboarded';

const STEPS = ['welcome', 'provider', 'agent', 'chat'] as const;
type Step = (typeof STEPS)[number];

/** What will be done, to be seen before it is begun. */
const WAY = [
  ['provider', IconPlugConnected],
  ['agent', IconBuildingStore],
  ['chat', IconMessage],
] as const;

/** From nothing to a first answer: connect a provider, deploy an agent, talk with it. */
export function OnboardingPage() {
  const { t } = useTranslation('onboarding');
  const client = useQueryClient();
  const navigate = useNavigate();
  const { data: me, isPending } = useQuery(meQuery());
  const [step, setStep] = useState<Step>('welcome');
  const [deployed, setDeployed] = useState<Deployed | null>(null);
  const kinds = (useQuery(catalogQuery()).data?.connections ?? [])
    .filter(({ purpose }) => purpose === 'model')
    .map(({ name }) => name);
  const saved = useQuery(everyConnectionQuery()).data ?? [];
  const provider = saved.find(({ kind }) => kinds.includes(kind));
  const note = useMutation({
    mutationFn: () => answer(api.PATCH('/api/me', { body: { onboarded: true } })),
    onMutate: () => me && rememberOnboarded(me.user.id),
    onSuccess: () => client.invalidateQueries({ queryKey: accountKeys.me }),
  });
  const skip = () => {
    note.mutate();
    void navigate({ to: '/automations' });
  };
  const done = (made: Deployed) => {
    note.mutate();
    setDeployed(made);
    setStep('chat');
  };
  const at = STEPS.indexOf(step);
  const title =
    step === 'welcome'
      ? t('heading.welcome', { name: me?.user.name ?? '' })
      : step === 'chat' && deployed
        ? t('deployed', { name: deployed.agent.name })
        : t(`heading.${step}`);
  if (isPending) return <Skeleton height={320} maw={760} mx="auto" />; // it greets by name
  return (
    <Stack maw={760} mx="auto" gap="lg">
      <Stepper active={at} size="xs" allowNextStepsSelect={false} aria-label={t('title')}>
        {STEPS.map((each) => (
          <Stepper.Step
            key={each}
            label={t(`step.${each}`)}
            tabIndex={-1}
            style={{ cursor: 'default' }}
            aria-current={each === step ? 'step' : undefined}
          />
        ))}
      </Stepper>
      <PageHeader
        key={step}
        title={title}
        description={t(`text.${step}`)}
        actions={
          step !== 'chat' && (
            <Button variant="subtle" color="gray" onClick={skip}>
              {t('skip')}
            </Button>
          )
        }
      />
      {step === 'welcome' && (
        <Stack gap="lg">
          <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
            {WAY.map(([name, Icon]) => (
              <Paper key={name} withBorder p="md" radius="md">
                <Icon size={22} stroke={1.6} aria-hidden color="var(--mantine-primary-color-filled)" />
                <Text fz="sm" fw={600} mt={6}>
                  {t(`heading.${name}`)}
                </Text>
                <Text fz="sm" c="dimmed">
                  {t(`text.${name}`)}
                </Text>
              </Paper>
            ))}
          </SimpleGrid>
          <Button w="fit-content" onClick={() => setStep(provider ? 'agent' : 'provider')}>
            {t('start')}
          </Button>
        </Stack>
      )}
      {step === 'provider' && (
        <Paper withBorder p="lg" radius="md">
          {provider ? (
            <Text fz="sm">{t('connected', { name: provider.name })}</Text>
          ) : (
            <NeededConnection kinds={kinds} onCreated={() => setStep('agent')} />
          )}
          <Group justify="flex-start" mt="sm">
            <Button
              variant={provider ? 'filled' : 'transparent'}
              px={provider ? undefined : 0}
              color={provider ? undefined : 'gray'}
              onClick={() => setStep('agent')}
            >
              {provider ? t('next') : t('later')}
            </Button>
          </Group>
        </Paper>
      )}
      {step === 'agent' && <FirstAgent onDeployed={done} />}
      {step === 'chat' && deployed && (
        <>
          <FirstChat deployed={deployed} />
          <Group>
            <ButtonLink to="/agents/$agentId" params={{ agentId: deployed.agent.id }} variant="default">
              {t('toAgent')}
            </ButtonLink>
            <ButtonLink to="/admin/marketplace" variant="subtle">
              {t('more')}
            </ButtonLink>
          </Group>
        </>
      )}
    </Stack>
  );
}
