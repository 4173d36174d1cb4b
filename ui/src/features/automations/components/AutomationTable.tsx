import { ActionIcon, Group, Menu, Stack, Switch, Table, Text } from '@mantine/core';
import { IconCopy, IconDots, IconHistory, IconTrash } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { numberFormat } from '~/design/formats';
import { MenuItemLink } from '~/design/links';
import { StatusBadge } from '~/design/StatusBadge';
import { When } from '~/design/When';
import { useDelete, useDuplicate, useSwitch } from '../mutations';
import type { Automation } from '../queries';

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
  return (
    <Table.ScrollContainer minWidth={320}>
      <Table highlightOnHover>
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
              onSwitch={toggle}
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
  onSwitch: (change: { automation: Automation; enabled: boolean }) => void;
  onDuplicate: (automation: Automation) => void;
  onDelete: (automation: Automation) => void;
}

const AutomationRow = memo(function AutomationRow(props: RowProps) {
  const { automation: each, trigger, onSwitch, onDuplicate, onDelete } = props;
  const { t, i18n } = useTranslation('automations');
  return (
    <Table.Tr>
      <Table.Td maw={420}>
        <Stack gap={0}>
          <Group gap={8} wrap="nowrap">
            <Link className="row-link" to="/automations/$automationId" params={{ automationId: each.id }}>
              {each.name}
            </Link>
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
          {each.last_run_status && <StatusBadge status={each.last_run_status} />}
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
          disabled={each.live_version === null}
          onChange={(event) => onSwitch({ automation: each, enabled: event.currentTarget.checked })}
        />
      </Table.Td>
      <Table.Td>
        <Menu>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={t('actionsOf', { name: each.name })}>
              <IconDots size={17} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <MenuItemLink
              to="/automations/logs"
              search={{ automation: each.id }}
              leftSection={<IconHistory size={15} />}
            >
              {t('showRuns')}
            </MenuItemLink>
            <Menu.Item leftSection={<IconCopy size={15} />} onClick={() => onDuplicate(each)}>
              {t('duplicate')}
            </Menu.Item>
            <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={() => onDelete(each)}>
              {t('delete')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Table.Td>
    </Table.Tr>
  );
});
