import { ActionIcon, Anchor, Button, Group, Menu, Text } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { IconChevronDown, IconChevronRight, IconDots, IconDownload } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { download } from './download';
import { done } from './toast';
import { firstOpen, type Json, MORE, PAGE, type TreeRow, treeRows } from './treeRows';
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
  const { t, i18n } = useTranslation();
  const clipboard = useClipboard();
  const [open, setOpen] = useState(() => firstOpen(value));
  const [shown, setShown] = useState<ReadonlyMap<string, number>>(new Map());
  const [wide, setWide] = useState<{ path: string; text: string } | null>(null);
  const rows = useMemo(() => treeRows(value, open, shown), [value, open, shown]);
  const toggle = (path: string) =>
    setOpen((before) => {
      const next = new Set(before);
      if (!next.delete(path)) next.add(path);
      return next;
    });
  const copy = (text: string) => {
    clipboard.copy(text);
    done(t('copied'));
  };
  const place = (path: string) =>
    path.startsWith('[') || !root || !path ? `${root}${path}` : `${root}.${path}`;
  const count = new Intl.NumberFormat(i18n.language);
  const line = (row: TreeRow) => {
    const pad = { paddingLeft: row.depth * 16 };
    if (row.name === MORE) {
      return (
        <div className="tree-row" style={pad}>
          <Anchor
            component="button"
            type="button"
            fz="xs"
            onClick={() =>
              setShown((before) => new Map(before).set(row.path, (before.get(row.path) ?? PAGE) + 1000))
            }
          >
            {t('moreValues', { count: row.size ?? 0 })}
          </Anchor>
        </div>
      );
    }
    return (
      <div className="tree-row" style={pad}>
        {row.size === null ? (
          <span className="tree-gap" />
        ) : (
          <button
            type="button"
            className="tree-toggle"
            aria-expanded={row.open}
            aria-label={t(row.open ? 'fold' : 'unfold', { name: row.name || label })}
            onClick={() => toggle(row.path)}
          >
            {row.open ? <IconChevronDown size={13} /> : <IconChevronRight size={13} />}
          </button>
        )}
        {row.name !== '' && <span className="tree-name">{row.name}</span>}
        {row.size === null ? (
          <Plain value={row.value} onMore={(text) => setWide({ path: row.path, text })} more={t('showAll')} />
        ) : (
          <span className="tree-size">
            {Array.isArray(row.value) ? `[ ${count.format(row.size)} ]` : `{ ${count.format(row.size)} }`}
          </span>
        )}
        <Menu withinPortal>
          <Menu.Target>
            <ActionIcon
              className="tree-menu"
              size={20}
              variant="subtle"
              color="gray"
              aria-label={t('valueActions', { name: row.name || label })}
            >
              <IconDots size={13} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => copy(textOf(row.value))}>{t('copyValue')}</Menu.Item>
            <Menu.Item onClick={() => copy(place(row.path))}>{t('copyPath')}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
    );
  };
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
          {(row) => <div role="listitem">{line(row)}</div>}
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
