import { Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Dialog } from '~/design/Dialog';
import { When } from '~/design/When';
import { catalogQuery } from '~/features/catalog/queries';
import { channelsQuery } from '~/features/channels/queries';
import { everyConnectionQuery } from '~/features/connections/queries';
import { type AgentDraft, draftOf } from '../draft';
import type { DraftField } from '../merging';
import type { Clash } from './useAgentEdit';

interface Props {
  clash: Clash | null;
  mine: AgentDraft;
  onMine: () => void;
  onTheirs: () => void;
  onClose: () => void;
}

/** Both changed the same: both are shown, and one is chosen. What only one of them changed is kept either way. */
export function ClashDialog({ clash, mine, onMine, onTheirs, onClose }: Props) {
  const { t } = useTranslation('agents');
  const say = useWords();
  if (!clash) return null;
  const theirs = draftOf(clash.theirs.agent);
  return (
    <Dialog opened onClose={onClose} title={t('clash.title')} size="lg">
      <Stack gap="md">
        <Text fz="sm">
          {t('clash.text')} <When at={clash.theirs.agent.updated_at} />
        </Text>
        {clash.fields.map((field) => (
          <Stack key={field} gap={4}>
            <Text fz="sm" fw={600}>
              {t(`clash.field.${field}`)}
            </Text>
            <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
              <Side title={t('clash.mine')} text={say(field, mine)} />
              <Side title={t('clash.theirs')} text={say(field, theirs)} />
            </SimpleGrid>
          </Stack>
        ))}
        <Group justify="flex-end" gap="xs">
          <Button variant="subtle" color="gray" onClick={onClose}>
            {t('clash.later')}
          </Button>
          <Button variant="default" onClick={onTheirs}>
            {t('clash.takeTheirs')}
          </Button>
          <Button onClick={onMine}>{t('clash.keepMine')}</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

function Side({ title, text }: { title: string; text: string }) {
  return (
    <Stack gap={2} p="sm" style={{ border: 'var(--shell-edge)', borderRadius: 8, minWidth: 0 }}>
      <Text fz="xs" c="dimmed">
        {title}
      </Text>
      <Text
        fz="sm"
        style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', maxHeight: 220, overflow: 'auto' }}
        tabIndex={0}
      >
        {text || '—'}
      </Text>
    </Stack>
  );
}

/** What a field says, for people. */
function useWords(): (field: DraftField, draft: AgentDraft) => string {
  const { t } = useTranslation('agents');
  const tools = useQuery(catalogQuery()).data?.tools ?? [];
  const channels = useQuery(channelsQuery()).data?.items ?? [];
  const connections = useQuery(everyConnectionQuery()).data ?? [];
  const account = (id: string | null | undefined) =>
    connections.find((each) => each.id === id)?.name ?? id ?? '';
  return (field, draft) => {
    if (field === 'tools') {
      return draft.tools.map(({ tool }) => tools.find(({ name }) => name === tool)?.title ?? tool).join(', ');
    }
    if (field === 'channels') {
      return draft.channels.map((id) => `#${channels.find((each) => each.id === id)?.name ?? id}`).join(', ');
    }
    if (field === 'provider') return draft.provider ? account(draft.provider) : t('review.defaultProvider');
    if (field === 'email')
      return [account(draft.email?.inbox), account(draft.email?.account)].filter(Boolean).join(' → ');
    if (field === 'settings') {
      const { temperature, max_tokens, budget } = draft.settings;
      return [
        `${t('model.temperature')}: ${temperature ?? t('model.providersOwn')}`,
        `${t('model.maxTokens')}: ${max_tokens}`,
        `${t('model.perRun')}: ${budget?.run_usd ?? t('model.noLimit')}`,
        `${t('model.perDay')}: ${budget?.day_usd ?? t('model.noLimit')}`,
      ].join('\n');
    }
    return draft[field] ?? '';
  };
}
