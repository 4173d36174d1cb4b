import { Anchor, Button, Group, Text } from '@mantine/core';
import { IconBraces, IconChevronDown, IconChevronRight, IconCopy, IconDownload } from '@tabler/icons-react';
import { memo, type ReactNode, useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { download } from './download';
import { numberFormat } from './formats';
import { done, failed } from './toast';
import { firstOpen, isSameRow, type Json, MORE, PAGE, type TreeRow, treeRows } from './treeRows';
import { VirtualRows } from './VirtualRows';

const ROW = 24;
const LONGEST = 400; // characters of a text in a row
const LONGEST_SHOWN = 20_000;

interface Props {
  value: Json;
  /** What it is called for screen readers and as a file. */
  label: string;
  /** What a copied path begins with: `steps.send.output`. */
  root?: string;
  maxHeight?: number;
}

/** A JSON value as a tree: what is closed costs nothing, so that large values stay quick. */
export function ValueTree({ value, label, root = '', maxHeight = 420 }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(() => firstOpen(value));
  const [shown, setShown] = useState<ReadonlyMap<string, number>>(new Map());
  const [wide, setWide] = useState<{ path: string; text: string } | null>(null);
  const rows = useMemo(() => treeRows(value, open, shown), [value, open, shown]);
  const copy = useCallback(
    (text: string) => {
      navigator.clipboard.writeText(text).then(() => done(t('copied')), failed);
    },
    [t],
  );
  const acts = useMemo<Acts>(
    () => ({
      toggle: (path) =>
        setOpen((before) => {
          const next = new Set(before);
          if (!next.delete(path)) next.add(path);
          return next;
        }),
      more: (path) => setShown((before) => new Map(before).set(path, (before.get(path) ?? PAGE) + 1000)),
      widen: (path, text) => setWide({ path, text }),
      copy,
      nameOf: (path) => (path.startsWith('[') || !root || !path ? `${root}${path}` : `${root}.${path}`),
    }),
    [copy, root],
  );
  return (
    <div>
      <Group justify="flex-end" gap={4} mb={4}>
        <Button size="compact-xs" variant="subtle" color="gray" onClick={() => copy(textOf(value))}>
          {t('copyAll')}
        </Button>
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          leftSection={<IconDownload size={13} />}
          onClick={() => download(new Blob([textOf(value)], { type: 'application/json' }), `${label}.json`)}
        >
          {t('download')}
        </Button>
      </Group>
      <div className="tree">
        <VirtualRows
          rows={rows}
          rowHeight={ROW}
          height={maxHeight}
          keyOf={(row) => `${row.path} ${row.name}`}
          label={label}
          role="list"
        >
          {(row) => <TreeLine row={row} label={label} acts={acts} />}
        </VirtualRows>
      </div>
      {wide && (
        <div className="tree-wide">
          <Group justify="space-between" mb={4}>
            <Text fz="xs" fw={600}>
              {wide.path || label}
            </Text>
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setWide(null)}>
              {t('close')}
            </Button>
          </Group>
          <pre tabIndex={0}>{wide.text.slice(0, LONGEST_SHOWN)}</pre>
          {wide.text.length > LONGEST_SHOWN && (
            <Text fz="xs" c="dimmed">
              {t('beginningOnly')}
            </Text>
          )}
        </div>
      )}
    </div>
  );
}

interface Acts {
  toggle: (path: string) => void;
  more: (path: string) => void;
  widen: (path: string, text: string) => void;
  copy: (text: string) => void;
  /** As templates write it: the path from the value's own root. */
  nameOf: (path: string) => string;
}

/** One value. It is drawn again only when it is another row: opening a value does not touch the others. */
const TreeLine = memo(
  function TreeLine({ row, label, acts }: { row: TreeRow; label: string; acts: Acts }) {
    const { t, i18n } = useTranslation();
    const pad = { paddingLeft: row.depth * 16 };
    const name = row.name || label;
    if (row.name === MORE) {
      return (
        <div role="listitem" className="tree-row" style={pad}>
          <Anchor component="button" type="button" fz="xs" onClick={() => acts.more(row.path)}>
            {t('moreValues', { count: row.size ?? 0 })}
          </Anchor>
        </div>
      );
    }
    const size = row.size === null ? '' : numberFormat(i18n.language).format(row.size);
    return (
      <div role="listitem" className="tree-row" style={pad}>
        {row.size === null ? (
          <span className="tree-gap" />
        ) : (
          <button
            type="button"
            className="tree-toggle"
            aria-expanded={row.open}
            aria-label={t(row.open ? 'fold' : 'unfold', { name })}
            onClick={() => acts.toggle(row.path)}
          >
            {row.open ? <IconChevronDown size={13} /> : <IconChevronRight size={13} />}
          </button>
        )}
        {row.name !== '' && <span className="tree-name">{row.name}</span>}
        {row.size === null ? (
          <Plain value={row.value} onMore={(text) => acts.widen(row.path, text)} more={t('showAll')} />
        ) : (
          <span className="tree-size">{Array.isArray(row.value) ? `[ ${size} ]` : `{ ${size} }`}</span>
        )}
        <CopyButton label={t('copyValue', { name })} onClick={() => acts.copy(textOf(row.value))}>
          <IconCopy size={13} />
        </CopyButton>
        <CopyButton label={t('copyPath', { name })} onClick={() => acts.copy(acts.nameOf(row.path))}>
          <IconBraces size={13} />
        </CopyButton>
      </div>
    );
  },
  (before, now) => before.acts === now.acts && before.label === now.label && isSameRow(before.row, now.row),
);

interface CopyProps {
  label: string;
  onClick: () => void;
  children: ReactNode;
}

function CopyButton({ label, onClick, children }: CopyProps) {
  return (
    <button type="button" className="tree-copy" aria-label={label} title={label} onClick={onClick}>
      {children}
    </button>
  );
}

function Plain({ value, onMore, more }: { value: Json; onMore: (text: string) => void; more: string }) {
  if (typeof value !== 'string') return <span className="tree-plain">{String(value)}</span>;
  const isLong = value.length > 80 || value.includes('\n');
  return (
    <>
      <span className="tree-text">{JSON.stringify(value.slice(0, LONGEST))}</span>
      {isLong && (
        <Anchor component="button" type="button" fz="xs" ml={4} onClick={() => onMore(value)}>
          {more}
        </Anchor>
      )}
    </>
  );
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}
