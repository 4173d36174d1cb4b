import { Anchor, Group, SegmentedControl, Text, VisuallyHidden } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { type KeyboardEvent, memo, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Duration } from '~/design/Duration';
import { type RowsHandle, VirtualRows } from '~/design/VirtualRows';
import type { OutlineStep } from '~/features/graph/outline';
import type { RunDetail, StepRun } from '../queries';
import { attemptsOf, type Row, type Scale, type Span, scaleOf, spansOf, stepRows } from '../timeline';
import type { Loops } from '../useLoops';
import { StepIcon } from './StepIcon';

const ROW = 34;
const TICK_MS = 250;
const NO_SPANS: Span[] = [];

interface Props {
  run: RunDetail;
  steps: OutlineStep[];
  loops: Loops;
  selected: string | null;
  onSelect: (key: string) => void;
  height: string | number;
}

/** The steps over time: bars, attempts apart from each other, the items of loops under them. */
export function Timeline({ run, steps, loops, selected, onSelect, height }: Props) {
  const { t } = useTranslation('runs');
  const now = useNow(run.completed_at === null && run.status === 'running');
  const handle = useRef<RowsHandle>(null);
  const rows = useMemo(
    () => stepRows(steps, run.action_logs, loops.itemsOf),
    [steps, run.action_logs, loops.itemsOf],
  );
  const spans = useMemo(() => {
    const end = run.completed_at ? Date.parse(run.completed_at) : now;
    return new Map(
      rows.flatMap((row) =>
        row.kind === 'more' || !row.step ? [] : [[row.key, spansOf(row.step, end)] as const],
      ),
    );
  }, [rows, run.completed_at, now]);
  const scale = useMemo(() => scaleOf([...spans.values()].flat()), [spans]);
  const openLoop = steps.find(({ id }) => loops.isOpen(id))?.id;
  const choosable = rows.filter((row) => row.kind !== 'more');
  const move = (event: KeyboardEvent) => {
    const by =
      event.key === 'ArrowDown' || event.key === 'j'
        ? 1
        : event.key === 'ArrowUp' || event.key === 'k'
          ? -1
          : 0;
    const index = choosable.findIndex((row) => keyOf(row) === selected);
    const current = choosable[index];
    if (current?.kind === 'step' && loops.isLoop(current.id)) {
      if (event.key === 'ArrowRight' && !loops.isOpen(current.id)) loops.toggle(current.id);
      if (event.key === 'ArrowLeft' && loops.isOpen(current.id)) loops.toggle(current.id);
    }
    if (!by) return;
    event.preventDefault();
    const next = choosable[Math.min(choosable.length - 1, Math.max(0, index + by))];
    if (!next) return;
    onSelect(keyOf(next));
    handle.current?.scrollTo(rows.indexOf(next));
  };
  return (
    <div className="timeline" onKeyDown={move}>
      {openLoop && <LoopFilter loop={openLoop} loops={loops} />}
      <VirtualRows
        ref={handle}
        rows={rows}
        rowHeight={ROW}
        height={height}
        keyOf={(row) => row.key}
        label={t('steps')}
        role="list"
      >
        {(row) => (
          <div role="listitem" className="timeline-cell">
            {row.kind === 'more' ? (
              <MoreItems loop={row.loop} more={loops.more} />
            ) : (
              <TimelineRow
                row={row}
                spans={spans.get(row.key) ?? NO_SPANS}
                scale={scale}
                loop={row.kind === 'step' && loops.isLoop(row.id) ? loops.noteOf(row.id) : null}
                isOpen={row.kind === 'step' && loops.isOpen(row.id)}
                isSelected={keyOf(row) === selected}
                onSelect={onSelect}
                onToggle={loops.toggle}
                hasEnded={run.completed_at !== null}
              />
            )}
          </div>
        )}
      </VirtualRows>
      {scale.breaks.length > 0 && (
        <Text fz="xs" c="dimmed" mt={4}>
          {t('pausesShortened')}
        </Text>
      )}
    </div>
  );
}

/** How a row is named in the address: a step run by its id, a step that has not run by its name. */
export function keyOf(row: Exclude<Row, { kind: 'more' }>): string {
  return row.step?.id ?? row.id;
}

interface RowProps {
  row: Exclude<Row, { kind: 'more' }>;
  spans: Span[];
  scale: Scale;
  /** Of a loop, how its items stand, in words; null of any other step. */
  loop: string | null;
  isOpen: boolean;
  isSelected: boolean;
  onSelect: (key: string) => void;
  onToggle: (loop: string) => void;
  hasEnded: boolean;
}

/** A row is drawn again when something of its own changed: a key that moves the choice draws two. */
const TimelineRow = memo(function TimelineRow(props: RowProps) {
  const { row, spans, scale, loop, isOpen, isSelected, onSelect, onToggle, hasEnded } = props;
  const { t } = useTranslation('runs');
  const { t: tApp } = useTranslation();
  const status: StepRun['status'] | 'notRun' = row.step?.status ?? (hasEnded ? 'notRun' : 'pending');
  const isLoop = loop !== null;
  const word = status === 'notRun' ? t('notRun') : tApp(`status.${status}`);
  return (
    <div className="timeline-row" data-selected={isSelected} data-muted={!row.step}>
      <span className="timeline-name" style={{ paddingLeft: row.depth * 16 }}>
        {isLoop ? (
          <button
            type="button"
            className="tree-toggle"
            aria-expanded={isOpen}
            aria-label={t(isOpen ? 'closeItems' : 'openItems', { step: row.id })}
            onClick={() => onToggle(row.id)}
          >
            {isOpen ? <IconChevronDown size={13} /> : <IconChevronRight size={13} />}
          </button>
        ) : (
          <span className="tree-gap" />
        )}
        <button
          type="button"
          className="timeline-pick"
          aria-pressed={isSelected}
          onClick={() => onSelect(keyOf(row))}
        >
          <StepIcon status={status} />
          <span className="timeline-text">
            {row.kind === 'item' && <span className="timeline-item">#{row.step.iteration} </span>}
            {row.id}{' '}
          </span>
          {isLoop && <span className="timeline-type">{loop} </span>}
          {!isLoop && row.step && <span className="timeline-type">{row.step.action_type} </span>}
          {row.step && attemptsOf(row.step).length > 0 && (
            <span className="timeline-type">{t('attempt', { number: row.step.attempt })} </span>
          )}
          <VisuallyHidden>{word}</VisuallyHidden>
        </button>
      </span>
      <span className="timeline-bars" aria-hidden>
        {spans.map((span) => (
          <span
            key={`${span.kind}${span.from}`}
            className="timeline-bar"
            data-kind={span.kind}
            data-status={status}
            style={{
              left: `${scale.x(span.from) * 100}%`,
              width: `max(3px, ${(scale.x(span.to) - scale.x(span.from)) * 100}%)`,
            }}
          />
        ))}
      </span>
      <span className="timeline-time">
        {row.step?.copied_from ? t('takenOver') : row.step && <Duration ms={row.step.duration_ms} />}
      </span>
    </div>
  );
});

function LoopFilter({ loop, loops }: { loop: string; loops: Loops }) {
  const { t } = useTranslation('runs');
  if (!loops.failed(loop)) return null;
  return (
    <SegmentedControl
      size="xs"
      mb={6}
      aria-label={t('itemsShown')}
      value={loops.onlyFailed ? 'failed' : 'all'}
      onChange={(value) => loops.setOnlyFailed(value === 'failed')}
      data={[
        { value: 'all', label: t('allItems') },
        { value: 'failed', label: t('failedItems') },
      ]}
    />
  );
}

function MoreItems({ loop, more }: { loop: string; more: Loops['more'] }) {
  const { t } = useTranslation('runs');
  useEffect(() => more(loop), [loop, more]);
  return (
    <Group pl={34} h="100%">
      <Anchor component="button" type="button" fz="xs" onClick={() => more(loop)}>
        {t('moreItems')}
      </Anchor>
    </Group>
  );
}

function useNow(isTicking: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isTicking) return;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [isTicking]);
  return now;
}
