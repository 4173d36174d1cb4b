import { Kbd, Table } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Dialog } from '~/design/Dialog';
import { PAGES } from './pages';
import { LETTERS } from './useShortcuts';

/** The keys that work on every page. */
export function KeysDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const rows: [string, string[]][] = [
    [t('shell.search'), ['Ctrl K']],
    ...PAGES.map(({ name }): [string, string[]] => [t(`pages.${name}`), ['G', LETTERS[name].toUpperCase()]]),
    [t('shell.keys'), ['?']],
  ];
  return (
    <Dialog opened={opened} onClose={onClose} title={t('shell.keys')}>
      <Table aria-label={t('shell.keys')}>
        <Table.Tbody>
          {rows.map(([name, keys]) => (
            <Table.Tr key={name}>
              <Table.Td>{name}</Table.Td>
              <Table.Td ta="right">
                {keys.map((key) => (
                  <Kbd key={key} ml={4} size="xs">
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Dialog>
  );
}
