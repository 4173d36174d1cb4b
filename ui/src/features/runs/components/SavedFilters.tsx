import { ActionIcon, Button, Group, Menu, Text, TextInput } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { IconBookmark, IconX } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '~/api/session';
import { done } from '~/design/toast';
import { filterText, isFiltered, type RunFilter, runFilter } from '../search';

interface Saved {
  name: string;
  filter: RunFilter;
}

/** Filters that somebody keeps on this device, for the workspace they were made in. */
export function SavedFilters({ filter }: { filter: RunFilter }) {
  const { t } = useTranslation('runs');
  const { t: tApp } = useTranslation();
  const navigate = useNavigate();
  const session = useSession();
  const workspace = session.state === 'signed-in' ? session.workspaceId : '';
  const [saved, setSaved] = useLocalStorage<Saved[]>({
    key: `vutler.runFilters.${workspace}`,
    defaultValue: [],
  });
  const [name, setName] = useState('');
  const isKnown = saved.some((each) => filterText(runFilter({ ...each.filter })) === filterText(filter));
  const save = () => {
    const kept = name.trim();
    if (!kept) return;
    setSaved([...saved.filter((each) => each.name !== kept), { name: kept, filter }]);
    setName('');
    done(t('filterSaved', { name: kept }));
  };
  const remove = (each: Saved) => {
    setSaved(saved.filter(({ name: other }) => other !== each.name));
    done(t('filterRemoved', { name: each.name }), { label: tApp('undo'), act: () => setSaved(saved) });
  };
  return (
    <Menu closeOnItemClick width={280}>
      <Menu.Target>
        <Button variant="default" leftSection={<IconBookmark size={15} />}>
          {t('savedFilters')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {saved.length === 0 && (
          <Text fz="sm" c="dimmed" px="sm" py={6}>
            {t('noSavedFilters')}
          </Text>
        )}
        {saved.map((each) => (
          <Group key={each.name} gap={0} wrap="nowrap">
            <Menu.Item
              onClick={() =>
                void navigate({ to: '/automations/logs', search: runFilter({ ...each.filter }) })
              }
              style={{ flex: 1, minWidth: 0 }}
            >
              <Text fz="sm" truncate>
                {each.name}
              </Text>
            </Menu.Item>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={t('removeFilter', { name: each.name })}
              onClick={() => remove(each)}
            >
              <IconX size={14} />
            </ActionIcon>
          </Group>
        ))}
        {isFiltered(filter) && !isKnown && (
          <>
            <Menu.Divider />
            <Group gap="xs" p={6} wrap="nowrap">
              <TextInput
                size="xs"
                aria-label={t('filterName')}
                placeholder={t('filterName')}
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
                onKeyDown={(event) => {
                  event.stopPropagation();
                  if (event.key === 'Enter') save();
                }}
                style={{ flex: 1 }}
                maxLength={60}
              />
              <Button size="xs" onClick={save} disabled={!name.trim()}>
                {t('save')}
              </Button>
            </Group>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
