import { Skeleton, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { memo, useDeferredValue } from 'react';
import { useTranslation } from 'react-i18next';
import { Duration } from '~/design/Duration';
import { StatusBadge } from '~/design/StatusBadge';
import { VirtualRows } from '~/design/VirtualRows';
import { When } from '~/design/When';
import { said } from '~/i18n/failures';
import type { Run } from '../queries';

const ROW = 46;
const NONE: Run[] = [];

interface Props {
  runs: Run[];
  triggers: { name: string; title: string }[];
  height: string | number;
  onEnd?: () => void;
  onTop?: (isAtTop: boolean) => void;
  isLoadingMore?: boolean;
  /** In the list of one automation its name says nothing. */
  isOfOne?: boolean;
}

/** Runs, however many: only the rows in sight are in the page. */
export function RunTable({ runs, triggers, height, onEnd, onTop, isLoadingMore, isOfOne }: Props) {
  const { t } = useTranslation('runs');
  const rows = useDeferredValue(runs, NONE); // the page comes first, then the rows
  return (
    <div role="table" aria-label={t('title')} aria-rowcount={-1} className="run-table">
      <div role="rowgroup">
        <div role="row" className="run-row run-head">
          <span role="columnheader">{isOfOne ? t('run') : t('automation')}</span>
          <span role="columnheader">{t('status')}</span>
          <span role="columnheader" className="run-wide">
            {t('trigger')}
          </span>
          <span role="columnheader" className="run-mid">
            {t('began')}
          </span>
          <span role="columnheader" className="run-mid run-right">
            {t('duration')}
          </span>
          <span role="columnheader" className="run-wide run-right">
            {t('credits')}
          </span>
        </div>
      </div>
      <VirtualRows
        rows={rows}
        rowHeight={ROW}
        height={height}
        keyOf={(run) => run.id}
        label={t('title')}
        onEnd={onEnd}
        onTop={onTop}
      >
        {(run, index) => <RunRow run={run} triggers={triggers} index={index} isOfOne={isOfOne} />}
      </VirtualRows>
      {isLoadingMore && <Skeleton height={ROW - 10} my={5} />}
    </div>
  );
}

const RunRow = memo(function RunRow({
  run,
  triggers,
  index,
  isOfOne,
}: { run: Run; index: number } & Pick<Props, 'triggers' | 'isOfOne'>) {
  const { t } = useTranslation('runs');
  const version = run.draft ? t('draft') : t('versionShort', { number: run.version });
  const told = run.error ? said(run.error_code, run.error) : run.waiting_for?.reason;
  const trigger = triggers.find(({ name }) => name === run.trigger_type)?.title ?? run.trigger_type;
  return (
    <div role="row" aria-rowindex={index + 2} className="run-row">
      <span role="cell" className="run-name">
        <Link className="row-link" to="/automations/logs/$logId" params={{ logId: run.id }}>
          {isOfOne ? `${version} · ${run.id.slice(-8)}` : run.automation_name || t('deletedAutomation')}
        </Link>
        {told && (
          <Text fz="xs" c="dimmed" truncate title={told}>
            {told}
          </Text>
        )}
      </span>
      <span role="cell">
        <StatusBadge status={run.status} />
      </span>
      <span role="cell" className="run-wide">
        {trigger}
        {!isOfOne && (
          <Text span fz="xs" c="dimmed" ml={6}>
            {version}
          </Text>
        )}
      </span>
      <span role="cell" className="run-mid">
        <When at={run.created_at} />
      </span>
      <span role="cell" className="run-mid run-right">
        <Duration ms={run.duration_ms} />
      </span>
      <span role="cell" className="run-wide run-right">
        {run.credits ?? '—'}
      </span>
    </div>
  );
});
