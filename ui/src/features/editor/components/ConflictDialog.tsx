import { Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Dialog } from '~/design/Dialog';
import { When } from '~/design/When';
import { changesOf } from '../document/changes';
import { definitionOf } from '../document/definition';
import { useDefinition, useEditor, useSaving } from './EditorContext';

/** Somebody else saved this draft: both are shown, and one is chosen. Nothing is lost: the choice can be undone. */
export function ConflictDialog() {
  const { t } = useTranslation('editor');
  const { saving, actions } = useEditor();
  const theirs = useSaving((state) => (state.phase === 'conflict' ? state.theirs : null));
  const mine = useDefinition((definition) => definition);
  if (!theirs) return null;
  const there = definitionOf(theirs);
  const changes = changesOf(there, mine, actions);
  const sides = [
    {
      key: 'mine',
      title: t('mine'),
      count: mine.actions.length,
      when: null,
      act: () => void saving.keepMine(),
      label: t('keepMine'),
    },
    {
      key: 'theirs',
      title: t('theirs'),
      count: there.actions.length,
      when: theirs.updated_at,
      act: saving.takeTheirs,
      label: t('takeTheirs'),
    },
  ];
  return (
    <Dialog
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title={t('conflictTitle')}
      size="lg"
    >
      <Stack gap="md">
        <Text fz="sm">{t('conflictText')}</Text>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          {sides.map(({ key, title, count, when, act, label }) => (
            <Stack
              key={key}
              gap={6}
              p="sm"
              style={{ border: 'var(--shell-edge)', borderRadius: 8 }}
              data-side={key}
            >
              <Text fz="sm" fw={600}>
                {title}
              </Text>
              <Text fz="xs" c="dimmed">
                {t('steps', { count })}
                {when && (
                  <>
                    {' · '}
                    <When at={when} />
                  </>
                )}
              </Text>
              <Group mt={4}>
                <Button size="xs" variant={key === 'mine' ? 'filled' : 'default'} onClick={act}>
                  {label}
                </Button>
              </Group>
            </Stack>
          ))}
        </SimpleGrid>
        <div>
          <Text fz="sm" fw={500} mb={4}>
            {t('whatDiffers')}
          </Text>
          <Stack gap={2} role="list">
            {changes.map(({ kind, name }) => (
              <Text key={`${kind} ${name}`} fz="xs" role="listitem">
                {t(`changes.${kind}`, { name })}
              </Text>
            ))}
          </Stack>
        </div>
      </Stack>
    </Dialog>
  );
}
