import { Alert, Anchor, Group, Paper, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { catalogQuery } from '~/features/catalog/queries';
import { channelsQuery } from '~/features/channels/queries';
import { everyConnectionQuery } from '~/features/connections/queries';
import { AgentAvatar } from '../components/AgentAvatar';
import { type AgentDraft, type Step, stepOf } from '../draft';

interface Props {
  draft: AgentDraft;
  picture: File | null;
  errors: Record<string, string>;
  onGo: (step: Step) => void;
}

/** Everything that was chosen, each part with the way back to it. */
export function ReviewStep({ draft, picture, errors, onGo }: Props) {
  const { t } = useTranslation('agents');
  const tools = useQuery(catalogQuery()).data?.tools ?? [];
  const channels = useQuery(channelsQuery()).data?.items ?? [];
  const connections = useQuery(everyConnectionQuery()).data ?? [];
  const named = (id: string) => channels.find((each) => each.id === id)?.name;
  const provider = connections.find(({ id }) => id === draft.provider)?.name ?? t('review.defaultProvider');
  const parts: [Step, string][] = [
    ['model', `${provider} · ${draft.model ?? t('model.providersOwn')}`],
    ['channels', draft.channels.map((id) => `#${named(id) ?? id}`).join(', ') || t('review.noChannels')],
    [
      'tools',
      draft.tools.map(({ tool }) => tools.find(({ name }) => name === tool)?.title ?? tool).join(', ') ||
        t('review.noTools'),
    ],
  ];
  const faults = Object.entries(errors);
  return (
    <Stack>
      {faults.length > 0 && (
        <Alert color="red" variant="light" role="alert" title={t('review.faults')}>
          <Stack gap={4}>
            {faults.map(([at, message]) => (
              <Group key={at} gap={6}>
                <Anchor component="button" type="button" fz="sm" onClick={() => onGo(stepOf(at))}>
                  {t(`steps.${stepOf(at)}`)}
                </Anchor>
                <Text fz="sm">{message}</Text>
              </Group>
            ))}
          </Stack>
        </Alert>
      )}
      <Paper withBorder p="md">
        <Group wrap="nowrap" align="flex-start">
          <AgentAvatar avatar={picture ? null : draft.avatar} size={44} />
          <Stack gap={2} style={{ minWidth: 0, flex: 1 }}>
            <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
              {draft.name}
            </Text>
            <Text fz="sm" c="dimmed">
              {draft.description}
            </Text>
            <Text fz="sm" lineClamp={4} mt={4} style={{ whiteSpace: 'pre-wrap' }}>
              {draft.instructions || t('review.noInstructions')}
            </Text>
          </Stack>
          <Change step="identity" onGo={onGo} />
        </Group>
      </Paper>
      {parts.map(([step, told]) => (
        <Group key={step} justify="space-between" wrap="nowrap" px="md">
          <Stack gap={0} style={{ minWidth: 0 }}>
            <Text fz="xs" c="dimmed">
              {t(`steps.${step}`)}
            </Text>
            <Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
              {told}
            </Text>
          </Stack>
          <Change step={step} onGo={onGo} />
        </Group>
      ))}
    </Stack>
  );
}

function Change({ step, onGo }: { step: Step; onGo: (step: Step) => void }) {
  const { t } = useTranslation('agents');
  return (
    <Anchor
      component="button"
      type="button"
      fz="sm"
      aria-label={t('review.changeOf', { step: t(`steps.${step}`) })}
      onClick={() => onGo(step)}
    >
      {t('review.change')}
    </Anchor>
  );
}
