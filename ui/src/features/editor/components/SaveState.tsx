import { Badge, Group, Text, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useSaving } from './EditorContext';

const COLORS = {
  saved: 'gray',
  changed: 'gray',
  saving: 'gray',
  away: 'yellow',
  refused: 'red',
  conflict: 'red',
} as const;

/** Draft and Live, told apart always; and whether the draft is saved. */
export function SaveState() {
  const { t } = useTranslation('editor');
  const phase = useSaving((saving) => saving.phase);
  const problem = useSaving((saving) => saving.problem?.message);
  const { live_version: live, enabled, draft_changed: changed } = useSaving(({ detail }) => detail);
  return (
    <Group gap={6} wrap="nowrap">
      <Tooltip label={problem ?? t(`savingText.${phase}`)} multiline maw={320}>
        <Badge
          variant="light"
          color={COLORS[phase]}
          tt="none"
          fw={500}
          radius="sm"
          data-phase={phase}
          aria-live="polite"
        >
          {t('draft')} · {t(`saving.${phase}`)}
        </Badge>
      </Tooltip>
      {live === null ? (
        <Text fz="xs" c="dimmed" visibleFrom="lg" style={{ whiteSpace: 'nowrap' }}>
          {t('notLive')}
        </Text>
      ) : (
        <Tooltip label={t(changed ? 'liveOlder' : 'liveSame')}>
          <Badge
            variant="light"
            color={enabled ? 'teal' : 'gray'}
            tt="none"
            fw={500}
            radius="sm"
            data-live={live}
          >
            {t(enabled ? 'live' : 'liveOff', { version: live })}
          </Badge>
        </Tooltip>
      )}
    </Group>
  );
}
