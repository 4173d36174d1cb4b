import { Code, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { LoadError } from '~/design/ListState';
import { type Difference, differencesQuery } from './queries';

const LONGEST = 400;

interface Props {
  automationId: string;
  number: number;
  /** A version's number, or `draft`. */
  against: string;
}

/** What one would change in `against` to get that version, step by step and value by value. */
export function Differences({ automationId, number, against }: Props) {
  const { t } = useTranslation('automations');
  const { data, error, refetch } = useQuery(differencesQuery(automationId, number, against));
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={120} />;
  const loud = data.differences.filter((each) => !each.quiet);
  return (
    <section>
      <Title order={2} fz="md" mb="xs">
        {against === 'draft' ? t('fromDraftTo', { number }) : t('fromTo', { from: against, to: number })}
      </Title>
      {loud.length === 0 && <Text c="dimmed">{t('same')}</Text>}
      <Stack gap="sm">
        {loud.map((each, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: findings have no ids and their order is fixed
          <OneDifference key={index} difference={each} />
        ))}
      </Stack>
    </section>
  );
}

function OneDifference({ difference }: { difference: Difference }) {
  const { t } = useTranslation('automations');
  const { kind, step, before, after, fields } = difference;
  const was = typeof before === 'string' ? before : '';
  return (
    <div>
      <Text fz="sm" fw={500}>
        {t(`kinds.${kind}`, { step: step ?? '', was })}
      </Text>
      {kind === 'step_moved' && (
        <Text fz="xs" c="dimmed">
          {placeOf(before)} → {placeOf(after)}
        </Text>
      )}
      {fields.map((field) => (
        <Group key={field.path} gap={8} align="flex-start" wrap="nowrap" mt={4} fz="xs">
          <Text span fz="xs" c="dimmed" style={{ flex: '0 0 30%', overflowWrap: 'anywhere' }}>
            {field.path}
          </Text>
          <Stack gap={2} style={{ minWidth: 0, flex: 1 }}>
            {field.change !== 'added' && (
              <Code color="var(--mantine-color-red-light)" style={{ overflowWrap: 'anywhere' }}>
                <del>{textOf(field.before)}</del>
              </Code>
            )}
            {field.change !== 'removed' && (
              <Code color="var(--mantine-color-teal-light)" style={{ overflowWrap: 'anywhere' }}>
                <ins style={{ textDecoration: 'none' }}>{textOf(field.after)}</ins>
              </Code>
            )}
          </Stack>
        </Group>
      ))}
    </div>
  );
}

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function placeOf(place: unknown): string {
  const { needs, position } = (place ?? {}) as { needs?: unknown; position?: number };
  const after = Array.isArray(needs) && needs.length ? needs.join(', ') : '—';
  return `${(position ?? 0) + 1} (${after})`;
}
