import { List, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { LoadError } from '~/design/ListState';
import { AnchorLink } from '~/design/links';
import { type Use, usageQuery } from '../queries';

/** The automations that use a connection, each with the steps that name it. */
export function UsesList({ connectionId }: { connectionId: string }) {
  const { t } = useTranslation('connections');
  const { data, error, refetch } = useQuery(usageQuery(connectionId));
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={40} />;
  if (data.length === 0) {
    return (
      <Text fz="sm" c="dimmed">
        {t('usedNowhere')}
      </Text>
    );
  }
  return (
    <List listStyleType="none" spacing={6} fz="sm">
      {grouped(data).map(([automation, uses]) => (
        <List.Item key={automation.id}>
          <AnchorLink to="/automations/$automationId" params={{ automationId: automation.id }} fz="sm">
            {automation.name}
          </AnchorLink>
          <Text fz="xs" c="dimmed">
            {uses
              .map(({ step, version }) => (version === null ? t('stepOfDraft', { step }) : step))
              .join(', ')}
          </Text>
        </List.Item>
      ))}
    </List>
  );
}

function grouped(uses: Use[]): [{ id: string; name: string }, Use[]][] {
  const found = new Map<string, [{ id: string; name: string }, Use[]]>();
  for (const use of uses) {
    const entry = found.get(use.automation_id) ?? [{ id: use.automation_id, name: use.automation_name }, []];
    entry[1].push(use);
    found.set(use.automation_id, entry);
  }
  return [...found.values()];
}
