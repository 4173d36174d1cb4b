import { Select, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { catalogQuery } from '~/features/catalog/queries';
import type { Connection } from '../queries';
import { useMayConnect } from '../roles';
import { ConnectionForm } from './ConnectionForm';

/** Those that most people have an account of. */
const FIRST = ['openai', 'anthropic'];

interface Props {
  /** The kinds that will do. */
  kinds: string[];
  onCreated: (connection: Connection) => void;
}

/** The form of an account that something waits for: the likeliest kind at once, the others by a choice. */
export function NeededConnection({ kinds, onCreated }: Props) {
  const { t } = useTranslation('connections');
  const { data: catalog } = useQuery(catalogQuery());
  const mayConnect = useMayConnect();
  const [chosen, setChosen] = useState<string | null>(null);
  if (!catalog) return <Skeleton height={160} aria-busy="true" />;
  const rank = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  const offered = catalog.connections
    .filter(({ name }) => kinds.includes(name))
    .toSorted((a, b) => rank(a.name) - rank(b.name));
  const kind = offered.find(({ name }) => name === chosen) ?? offered[0];
  if (!kind) return <Text fz="sm">{t('noneHere')}</Text>;
  if (!mayConnect) return <Text fz="sm">{t('askAdmin')}</Text>;
  return (
    <Stack>
      {offered.length > 1 && (
        <Select
          label={t('service')}
          data={offered.map((each) => ({ value: each.name, label: each.title }))}
          value={kind.name}
          onChange={setChosen}
          allowDeselect={false}
        />
      )}
      <ConnectionForm key={kind.name} kind={kind} onCreated={onCreated} isNeeded />
    </Stack>
  );
}
