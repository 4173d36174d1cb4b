import { ActionIcon, Box, Group, Menu, Stack, Switch, Table, Text } from '@mantine/core';
import { IconCopy, IconDots, IconHistory, IconPencil, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { numberFormat } from '~/design/formats';
import { MenuItemLink } from '~/design/links';
import { StatusBadge } from '~/design/StatusBadge';
import { When } from '~/design/When';
import { useMayUse } from '~/features/connections/roles';
import { useDelete, useDuplicate, useRun, useSwitch } from '../mutations';
import type { Automation } from '../queries';
import { LastRun } from './LastRun';
import './automations.css';

interface Props {
  items: Automation[];
  triggers: { name: string; title: string }[];
}

/** Memoised, row by row too: what is typed into the search beside it draws none of them again. */
export const AutomationTable = memo(function AutomationTable({ items, triggers }: Props) {
  const { t } = useTranslation('automations');
  const { t: tApp } = useTranslation();
  const { mutate: toggle } = useSwitch();
  const { mutate: duplicate } = useDuplicate();
  const { mutate: remove } = useDelete();
  const { mutate: run } = useRun();
  const mayAct = useMayUse();
  return (
    <Table.ScrollContainer minWidth={300}>
      <Table highlightOnHover className="automation-table">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('name')}</Table.Th>
            <Table.Th visibleFrom="md">{t('trigger')}</Table.Th>
            <Table.Th visibleFrom="sm">{t('lastRun')}</Table.Th>
            <Table.Th visibleFrom="lg" ta="right">
              {t('runs')}
            </Table.Th>
            <Table.Th visibleFrom="lg">{t('nextRun')}</Table.Th>
            <Table.Th w={70}>{t('on')}</Table.Th>
            <Table.Th w={50} aria-label={tApp('actions')} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((each) => (
            <AutomationRow
              key={each.id}
              automation={each}
              trigger={triggers.find(({ name }) => name === each.trigger_type)?.title ?? each.trigger_type}
              mayAct={mayAct}
              onSwitch={toggle}
              onRun={run}
              onDuplicate={duplicate}
              onDelete={remove}
            />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
});

interface RowProps {
  automation: Automation;
  trigger: string | null;
  mayAct: boolean;
  onRun: (automation: Automation) => void;
  onSwitch: (change: { automation: Automation; enabled: boolean }) => void;
  onDuplicate: (automation: Automation) => void;
  onDelete: (automation: Automation) => void;
}

const AutomationRow = memo(function AutomationRow(props: RowProps) {
  const { automation: each, trigger, mayAct, onSwitch } = props;
  const { t, i18n } = useTranslation('automations');
  return (
    <Table.Tr>
      <Table.Td className="automation-name">
        <Stack gap={0}>
          <Group gap={8} wrap="nowrap">
            <Link className="row-link" to="/automations/$automationId" params={{ automationId: each.id }}>
              {each.name}
            </Link>
            <Box component="span" hiddenFrom="sm" style={{ flexShrink: 0 }}>
              <LastRun automation={each} />
            </Box>
            {each.status === 'draft' && <StatusBadge status="draft" />}
          </Group>
          {(each.paused?.reason ?? each.description) && (
            <Text fz="xs" c="dimmed" truncate>
              {each.paused?.reason ?? each.description}
            </Text>
          )}
        </Stack>
      </Table.Td>
      <Table.Td visibleFrom="md">{trigger}</Table.Td>
      <Table.Td visibleFrom="sm">
        <Group gap={8} wrap="nowrap">
          <LastRun automation={each} />
          <When at={each.last_run_at} none={t('never')} />
        </Group>
      </Table.Td>
      <Table.Td visibleFrom="lg" ta="right">
        {numberFormat(i18n.language).format(each.run_count)}
      </Table.Td>
      <Table.Td visibleFrom="lg">
        <When at={each.next_run_at} />
      </Table.Td>
      <Table.Td>
        <Switch
          aria-label={t('switch', { name: each.name })}
          checked={each.enabled}
          disabled={each.live_version === null || !mayAct}
          onChange={(event) => onSwitch({ automation: each, enabled: event.currentTarget.checked })}
        />
      </Table.Td>
      <Table.Td>
        <RowMenu {...props} />
      </Table.Td>
    </Table.Tr>
  );
});

function RowMenu({ automation: each, mayAct, onRun, onDuplicate, onDelete }: RowProps) {
  const { t } = useTranslation('automations');
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t('actionsOf', { name: each.name })}>
          <IconDots size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {mayAct && (
          <>
            <MenuItemLink
              to="/automations/$automationId/edit"
              params={{ automationId: each.id }}
              leftSection={<IconPencil size={15} />}
            >
              {t('edit')}
            </MenuItemLink>
            <Menu.Item
              leftSection={<IconPlayerPlay size={15} />}
              disabled={each.live_version === null}
              onClick={() => onRun(each)}
            >
              {t('runNow')}
            </Menu.Item>
          </>
        )}
        <MenuItemLink
          to="/automations/logs"
          search={{ automation: each.id }}
          leftSection={<IconHistory size={15} />}
        >
          {t('showRuns')}
        </MenuItemLink>
        {mayAct && (
          <>
            <Menu.Item leftSection={<IconCopy size={15} />} onClick={() => onDuplicate(each)}>
              {t('duplicate')}
            </Menu.Item>
            <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={() => onDelete(each)}>
              {t('delete')}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
