import { ActionIcon, Button, Group, Menu, SegmentedControl, TextInput, Tooltip } from '@mantine/core';
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconDots,
  IconHelp,
  IconHistory,
  IconInfoCircle,
  IconPlayerPlay,
  IconRocket,
} from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { MenuItemLink } from '~/design/links';
import { useHistory } from '../state/store';
import { type Face, useView } from '../state/view';
import { useDefinition, useEditor, useSaving } from './EditorContext';
import { FindingsMenu } from './FindingsMenu';
import { SaveState } from './SaveState';
import { useCommands } from './useCommands';

export type Dialog = 'publish' | 'versions' | 'run' | 'keys' | null;

/** The editor's head: name, what is draft and what is live, and what to do with it. */
export function TopBar({ show }: { show: (dialog: Dialog) => void }) {
  const { t } = useTranslation('editor');
  const { draft, id } = useEditor();
  const commands = useCommands();
  const name = useDefinition((definition) => definition.name);
  const face = useView((view) => view.face);
  const live = useSaving(({ detail }) => detail.live_version);
  const past = useHistory(draft, ({ pastStates }) => pastStates.length);
  const future = useHistory(draft, ({ futureStates }) => futureStates.length);
  const label = useHistory(draft, () => draft.getState().label);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${t('title', { name })} · Vutler`;
  }, [name, t]);
  return (
    <div className="editor-bar">
      <h1 className="visually-hidden" ref={heading}>
        {t('title', { name })}
      </h1>
      <TextInput
        className="editor-name"
        size="sm"
        aria-label={t('name')}
        value={name}
        maxLength={200}
        error={name.trim() === '' ? true : undefined}
        onChange={(event) => commands.setPart({ name: event.currentTarget.value }, t('did.name'))}
      />
      <SaveState />
      <Group gap={2} ml="auto" wrap="nowrap">
        <Tooltip label={past > 0 && label ? t('undoOf', { label }) : t('undo')}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t('undo')}
            disabled={past === 0}
            onClick={commands.undo}
          >
            <IconArrowBackUp size={18} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t('redo')}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t('redo')}
            disabled={future === 0}
            onClick={commands.redo}
          >
            <IconArrowForwardUp size={18} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Group>
      <SegmentedControl
        size="xs"
        aria-label={t('view')}
        value={face}
        onChange={(value) => useView.getState().show(value as Face)}
        data={[
          { value: 'canvas', label: t('faceCanvas') },
          { value: 'outline', label: t('faceOutline') },
          { value: 'json', label: t('faceJson') },
        ]}
      />
      <FindingsMenu />
      <Button
        size="xs"
        variant="default"
        leftSection={<IconPlayerPlay size={14} />}
        onClick={() => show('run')}
      >
        {t('run')}
      </Button>
      <Button size="xs" leftSection={<IconRocket size={14} />} onClick={() => show('publish')}>
        {t('publish')}
      </Button>
      <Menu>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={t('more')}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconHistory size={15} />}
            disabled={live === null}
            onClick={() => show('versions')}
          >
            {t('versions')}
          </Menu.Item>
          <MenuItemLink
            to="/automations/$automationId"
            params={{ automationId: id }}
            leftSection={<IconInfoCircle size={15} />}
          >
            {t('overview')}
          </MenuItemLink>
          <Menu.Item leftSection={<IconHelp size={15} />} onClick={() => show('keys')}>
            {t('keys')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}
