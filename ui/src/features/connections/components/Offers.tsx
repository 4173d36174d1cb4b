import { Button, ScrollArea, Stack, Text } from '@mantine/core';
import { type UseQueryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LoadError } from '~/design/ListState';
import type { Offer } from '../queries';

interface Props {
  // biome-ignore format: the key of a query is its own business
  query: Pick<UseQueryOptions<Offer[], Error, Offer[], readonly ['connections', 'offers', string, string]>, 'queryKey' | 'queryFn' | 'staleTime' | 'retry'>;
  /** On the button that asks the service. */
  show: string;
  note?: string;
}

/** What an account offers: models, tools, rooms. The service is asked when somebody wants to know. */
export function Offers({ query, show, note }: Props) {
  const { t } = useTranslation('connections');
  const [wanted, setWanted] = useState(false);
  const { data, error, isFetching, refetch } = useQuery({ ...query, enabled: wanted });
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) {
    return (
      <Button variant="default" size="xs" loading={isFetching} onClick={() => setWanted(true)}>
        {show}
      </Button>
    );
  }
  if (data.length === 0) {
    return (
      <Text fz="sm" c="dimmed">
        {t('offersNothing')}
      </Text>
    );
  }
  return (
    <Stack gap={6}>
      {note && (
        <Text fz="xs" c="dimmed">
          {note}
        </Text>
      )}
      <ScrollArea.Autosize mah={320} type="auto" viewportProps={{ tabIndex: 0 }}>
        {data.map(({ id, name, note: each }) => (
          <div
            key={id}
            style={{ padding: '4px 0', borderBottom: '1px solid var(--mantine-color-default-border)' }}
          >
            <Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
              {name}
            </Text>
            {each && (
              <Text fz="xs" c="dimmed">
                {each}
              </Text>
            )}
          </div>
        ))}
      </ScrollArea.Autosize>
    </Stack>
  );
}
