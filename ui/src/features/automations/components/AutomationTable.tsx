import { Menu, Table } from '@mantine/core';
import { IconCopy, IconHistory, IconPencil, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { numberFormat } from '~/design/formats';
import { LazyMenu } from '~/design/LazyMenu';
import { MenuItemLink } from '~/design/links';
import { RowSwitch } from '~/design/RowSwitch';
import { StatusBadge } from '~/design/StatusBadge';
import { useStaged } from '~/design/useStaged';
import { When } from '~/design/When';
import { useMayUse } from '~/features/connections/roles';
import { useDelete, useDuplicate, useRun, useSwitch } from '../mutations';
import type { Automation } from '../queries';
import { LastRun } from './LastRun';
import './automations.css';

const ROW = 45;
const { tr, td } = Table.classes;
const CELL = {
  always: td,
  sm: `${td} mantine-visible-from-sm`,
  md: `${td} mantine-visible-from-md`,
  lg: `${td} mantine-visible-from-lg`,
  number: `${td} mantine-visible-from-lg automation-number`,
};

interface Props {
  items: Automation[];
  triggers: { name: string; title: string }[];
}

/** Memoised, row by row too: what is typed into the search beside it draws none of them again. */
export const AutomationTable = memo(function AutomationTable({ items, triggers }: Props) {
  const { t, i18n } = useTranslation('automations');
  const { t: tApp } = useTranslation();
  const { mutate: toggle } = useSwitch();
  const { mutate: duplicate } = useDuplicate();
  const { mutate: remove } = useDelete();
  const { mutate: run } = useRun();
  const mayAct = useMayUse();
  const staged = useStaged(items, items[0]?.id);
  const later = items.length - staged.length;
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
          {staged.map((each) => (
            <AutomationRow
              key={each.id}
              t={t}
              language={i18n.language}
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
        {later > 0 && (
          <tbody aria-hidden>
            <tr style={{ height: later * ROW }} />
          </tbody>
        )}
      </Table>
    </Table.ScrollContainer>
  );
});

interface RowProps {
  t: TFunction<'automations'>;
  language: string;
  automation: Automation;
  trigger: string | null;
  mayAct: boolean;
  onRun: (automation: Automation) => void;
  onSwitch: (change: { automation: Automation; enabled: boolean }) => void;
  onDuplicate: (automation: Automation) => void;
  onDelete: (automation: Automation) => void;
}

const AutomationRow = memo(function AutomationRow(props: RowProps) {
  const { automation: each, trigger, mayAct, onSwitch, t, language } = props;
  const note = each.paused?.reason ?? each.description;
  return (
    <tr className={tr} data-with-row-border data-hover>
      <td className={`${td} automation-name`}>
        <div className="automation-line">
          <Link className="row-link" to="/automations/$automationId" params={{ automationId: each.id }}>
            {each.name}
          </Link>
          <span className="mantine-hidden-from-sm automation-last">
            <LastRun automation={each} />
          </span>
          {each.status === 'draft' && <StatusBadge status="draft" />}
        </div>
        {note && <p className="automation-note">{note}</p>}
      </td>
      <td className={CELL.md}>{trigger}</td>
      <td className={CELL.sm}>
        <div className="automation-line">
          <LastRun automation={each} />
          <When at={each.last_run_at} none={t('never')} />
        </div>
      </td>
      <td className={CELL.number}>{numberFormat(language).format(each.run_count)}</td>
      <td className={CELL.lg}>
        <When at={each.next_run_at} />
      </td>
      <td className={CELL.always}>
        <RowSwitch
          label={t('switch', { name: each.name })}
          checked={each.enabled}
          disabled={each.live_version === null || !mayAct}
          onChange={(enabled) => onSwitch({ automation: each, enabled })}
        />
      </td>
      <td className={CELL.always}>
        <LazyMenu label={t('actionsOf', { name: each.name })}>{() => <RowItems {...props} />}</LazyMenu>
      </td>
    </tr>
  );
});

function RowItems({ automation: each, mayAct, t, onRun, onDuplicate, onDelete }: RowProps) {
  return (
    <>
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
    </>
  );
}
