import { Badge, Group, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { components } from '~/api/schema';

type Difference = components['schemas']['DifferenceView'];
type Kind = Difference['kind'];

const COLORS: Partial<Record<Kind, string>> = { step_added: 'teal', step_removed: 'red' };
const BACK: Partial<Record<Kind, Kind>> = { step_added: 'step_removed', step_removed: 'step_added' };
const LONGEST = 160;

/** What is different, step by step and field by field. `backwards`: from what was compared to what it was compared with. */
export function Differences({ differences, backwards }: { differences: Difference[]; backwards?: boolean }) {
  const { t } = useTranslation('editor');
  return (
    <Stack gap={8} component="ul" className="plain-list">
      {differences.map((each) => {
        const kind = backwards ? (BACK[each.kind] ?? each.kind) : each.kind;
        const renamed = each.kind === 'step_renamed';
        return (
          <li key={`${each.kind} ${each.step}`} data-difference={kind}>
            <Group gap={8}>
              <Badge variant="light" color={COLORS[kind] ?? 'gray'} tt="none" fw={500} radius="sm">
                {t(`kinds.${kind}`)}
              </Badge>
              <Text fz="sm" ff="monospace">
                {renamed && backwards ? String(each.before) : each.step}
              </Text>
            </Group>
            {each.fields.map((field) => (
              <div key={field.path} className="difference">
                <Text fz="xs" ff="monospace" c="dimmed">
                  {field.path}
                </Text>
                <Side
                  sign="−"
                  value={backwards ? field.after : field.before}
                  shown={field.change !== (backwards ? 'removed' : 'added')}
                />
                <Side
                  sign="+"
                  value={backwards ? field.before : field.after}
                  shown={field.change !== (backwards ? 'added' : 'removed')}
                />
              </div>
            ))}
          </li>
        );
      })}
    </Stack>
  );
}

function Side({ sign, value, shown }: { sign: string; value: unknown; shown: boolean }) {
  if (!shown) return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return (
    <Text
      fz="xs"
      ff="monospace"
      style={{ overflowWrap: 'anywhere' }}
      c={sign === '+' ? 'var(--mantine-color-teal-light-color)' : 'var(--mantine-color-red-light-color)'}
    >
      {sign} {text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}
    </Text>
  );
}
