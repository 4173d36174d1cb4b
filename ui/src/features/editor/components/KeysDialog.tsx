import { Kbd, Table } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Dialog } from '~/design/Dialog';

const KEYS = [
  ['add', ['N']],
  ['walk', ['↑', '↓', '←', '→']],
  ['edit', ['Enter']],
  ['rename', ['F2']],
  ['delete', ['Delete']],
  ['copy', ['Ctrl C', 'Ctrl X', 'Ctrl V']],
  ['duplicate', ['Ctrl D']],
  ['all', ['Ctrl A']],
  ['undo', ['Ctrl Z', 'Ctrl Y']],
  ['test', ['Shift Enter']],
  ['save', ['Ctrl S']],
  ['zoom', ['0', '1']],
  ['move', ['Alt ↑', 'Alt ↓', 'Alt →', 'Alt ←']],
  ['several', ['Shift']],
  ['none', ['Esc']],
  ['help', ['?']],
] as const;

/** The editor's keys. */
export function KeysDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const { t } = useTranslation('editor');
  return (
    <Dialog opened={opened} onClose={close} title={t('keys')}>
      <Table aria-label={t('keys')}>
        <Table.Tbody>
          {KEYS.map(([name, keys]) => (
            <Table.Tr key={name}>
              <Table.Td>{t(`key.${name}`)}</Table.Td>
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
