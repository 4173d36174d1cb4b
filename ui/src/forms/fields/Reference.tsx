import { Button, Select, Stack, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { catalogQuery } from '~/features/catalog/queries';
import { useMayConnect } from '~/features/connections/roles';
import { type Named, namedQuery } from '../queries';
import type { Reading } from '../schema';
import type { ControlProps } from './control';
import { describing } from './describing';

type Ref = Extract<Reading['shape'], { kind: 'reference' }>;

const NewConnectionDrawer = lazy(() =>
  import('~/features/connections/components/NewConnectionDrawer').then((module) => ({
    default: module.NewConnectionDrawer,
  })),
);

/** A connection, an agent, a channel or an automation of the workspace, by its name. */
export function ReferenceControl({
  shape,
  value,
  onChange,
  id,
  described,
  required,
  disabled,
}: ControlProps<Ref>) {
  const { t } = useTranslation('forms');
  const { data: catalog } = useQuery(catalogQuery());
  const { data: all, isPending } = useQuery(namedQuery(shape.of));
  const [adding, setAdding] = useState(false);
  const mayConnect = useMayConnect();
  const kinds = catalog?.connections.filter(
    ({ purpose }) => shape.purpose === null || purpose === shape.purpose,
  );
  const fitting =
    all?.filter(({ kind }) => kind === null || !kinds || kinds.some(({ name }) => name === kind)) ?? [];
  const stored = typeof value === 'string' && value !== '' ? value : null;
  const known = stored === null ? undefined : find(all ?? [], stored);
  const shown = known && !fitting.includes(known) ? [...fitting, known] : fitting;
  const options = shown.map((each) => ({ value: each.value, label: each.label }));
  if (stored !== null && !known) options.push({ value: stored, label: stored });
  const close = () => {
    setAdding(false);
    requestAnimationFrame(() => document.getElementById(id)?.focus()); // the drawer is gone, with what had the focus
  };
  const isConnection = shape.of === 'connection';
  return (
    <Stack gap={4}>
      <Select
        id={id}
        {...describing(described)}
        error={described['aria-invalid'] === true}
        disabled={disabled}
        searchable
        data={options}
        value={known?.value ?? stored}
        placeholder={isPending ? t('loading') : t(`chooseOf.${shape.of}`)}
        nothingFoundMessage={all?.length === 0 ? t(`noneOf.${shape.of}`) : t('nothingFits')}
        clearable={!required && stored !== null}
        clearButtonProps={{ 'aria-label': t('clear') }}
        allowDeselect={false}
        limit={100}
        onChange={(next) => {
          if (next !== known?.value) onChange(next ?? undefined);
        }}
      />
      {stored !== null && all && !known && (
        <Text fz="xs" c="var(--mantine-color-yellow-light-color)">
          {t(`goneOf.${shape.of}`, { name: stored })}
        </Text>
      )}
      {isConnection && mayConnect && !disabled && (
        <Button
          variant="subtle"
          size="compact-xs"
          px={4}
          w="fit-content"
          leftSection={<IconPlus size={13} />}
          onClick={() => setAdding(true)}
        >
          {t('newConnection')}
        </Button>
      )}
      {adding && (
        <Suspense>
          <NewConnectionDrawer
            opened
            purpose={shape.purpose}
            onClose={close}
            onCreated={(made) => {
              close();
              onChange(made);
            }}
          />
        </Suspense>
      )}
    </Stack>
  );
}

/** By what is stored: its id, its slug, or its name in capitals or not. */
function find(all: Named[], stored: string): Named | undefined {
  const wanted = stored.toLowerCase();
  return (
    all.find(({ value }) => value === stored) ??
    all.find(({ also }) => also.some((name) => name.toLowerCase() === wanted))
  );
}
