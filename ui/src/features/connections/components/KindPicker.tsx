import { Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { IconChevronRight, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConnectionKind } from '../queries';
import classes from './KindPicker.module.css';

/** What a connection is for, in the order in which people need them; others come after. */
export const PURPOSES = [
  'model',
  'mail_out',
  'mail_in',
  'slack',
  'rocketchat',
  'google',
  'mcp',
  'http',
] as const;
export type Purpose = (typeof PURPOSES)[number];

export function isPurpose(text: string): text is Purpose {
  return PURPOSES.some((each) => each === text);
}

interface Props {
  kinds: ConnectionKind[];
  onPick: (kind: ConnectionKind) => void;
}

/** Every kind of connection that is installed here, by what it is for. */
export function KindPicker({ kinds, onPick }: Props) {
  const { t } = useTranslation('connections');
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const fits = ({ title, description, name }: ConnectionKind) =>
    `${title} ${description} ${name}`.toLowerCase().includes(wanted);
  const found = kinds.filter(fits);
  const others = [...new Set(kinds.map(({ purpose }) => purpose))].filter((each) => !isPurpose(each));
  return (
    <Stack gap="md">
      {kinds.length > 4 && (
        <TextInput
          aria-label={t('searchKinds')}
          placeholder={t('searchKinds')}
          leftSection={<IconSearch size={15} aria-hidden />}
          data-autofocus
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      )}
      {[...PURPOSES, ...others].map((purpose) => {
        const of = found.filter((kind) => kind.purpose === purpose);
        if (of.length === 0) return null;
        return (
          <section key={purpose}>
            <Text component="h2" fz="xs" fw={600} c="dimmed" mb={6}>
              {isPurpose(purpose) ? t(`purposes.${purpose}`) : purpose}
            </Text>
            <div className={classes.kinds}>
              {of.map((kind) => (
                <UnstyledButton key={kind.name} className={classes.kind} onClick={() => onPick(kind)}>
                  <div style={{ minWidth: 0 }}>
                    <Text fz="sm" fw={500}>
                      {kind.title}
                    </Text>
                    <Text fz="xs" c="dimmed">
                      {kind.description}
                    </Text>
                  </div>
                  <IconChevronRight size={15} aria-hidden className={classes.more} />
                </UnstyledButton>
              ))}
            </div>
          </section>
        );
      })}
      {found.length === 0 && (
        <Text fz="sm" c="dimmed" role="status">
          {t('noKind')}
        </Text>
      )}
    </Stack>
  );
}
