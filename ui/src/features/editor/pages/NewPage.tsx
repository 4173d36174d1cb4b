import { Group, SimpleGrid, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { IconTemplate } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api, onceKey } from '~/api/client';
import { ListState } from '~/design/ListState';
import { ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { failed } from '~/design/toast';
import { automationKeys } from '~/features/automations/queries';
import { catalogQuery } from '~/features/catalog/queries';
import { tellSecretOf } from '~/forms/triggers/secretOnce';
import { TriggerIcon } from '../components/KindIcon';
import type { Trigger } from '../document/kinds';
import './new.css';

/** What most automations are started by. */
const BIG = ['webhook', 'cron', 'manual'];

/** A new automation begins with one question: what starts it? Its answer makes the draft and opens the editor. */
export function NewPage() {
  const { t } = useTranslation('editor');
  const { t: tApp } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { data, isPending, error, refetch } = useQuery(catalogQuery());
  const create = useMutation({
    mutationFn: (trigger: Trigger) =>
      answer(
        api.POST('/api/automations', {
          params: { query: { as_draft: true } },
          headers: onceKey(),
          body: { name: t('untitled'), trigger_type: trigger.name, trigger_config: {}, actions: [] },
        }),
      ),
    onSuccess: (made) => {
      const { id } = made;
      tellSecretOf(made);
      void client.invalidateQueries({ queryKey: automationKeys.all });
      void navigate({ to: '/automations/$automationId/edit', params: { automationId: id }, replace: true });
    },
    onError: (problem) => failed(problem),
  });
  const triggers = data?.triggers ?? [];
  const big = BIG.flatMap((name) => triggers.find((each) => each.name === name) ?? []);
  const others = triggers.filter(({ name }) => !BIG.includes(name));
  const choice = (trigger: Trigger, large: boolean) => (
    <UnstyledButton
      key={trigger.name}
      className={large ? 'start-choice is-big' : 'start-choice'}
      disabled={create.isPending}
      onClick={() => create.mutate(trigger)}
      data-trigger={trigger.name}
    >
      <span className="start-icon">
        <TriggerIcon type={trigger.name} size={large ? 24 : 18} />
      </span>
      <span>
        <Text fz="sm" fw={600}>
          {trigger.title}
        </Text>
        <Text fz="xs" c="dimmed" mt={2}>
          {trigger.description}
        </Text>
      </span>
    </UnstyledButton>
  );
  return (
    <div className="start">
      <PageHeader title={t('startTitle')} description={t('startText')} />
      <ListState
        isPending={isPending}
        error={error}
        onRetry={() => void refetch()}
        isEmpty={false}
        empty={null}
      >
        <Stack gap="lg">
          <SimpleGrid cols={{ base: 1, sm: 3 }}>{big.map((each) => choice(each, true))}</SimpleGrid>
          <div>
            <Title order={2} fz="sm" mb="xs">
              {t('startOthers')}
            </Title>
            <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
              {others.map((each) => choice(each, false))}
            </SimpleGrid>
          </div>
          <Group>
            <ButtonLink to="/admin/marketplace" variant="default" leftSection={<IconTemplate size={16} />}>
              {t('startTemplate')}
            </ButtonLink>
          </Group>
        </Stack>
      </ListState>
      <span className="visually-hidden" role="status">
        {create.isPending ? tApp('loading') : ''}
      </span>
    </div>
  );
}
