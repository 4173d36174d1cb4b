import { ActionIcon, Text } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { brief, joined } from './completion';
import { dragPath } from './drag';
import classes from './Expression.module.css';
import { insertPath } from './insertion';

interface Props {
  sample: unknown;
  /** What a click does; by default the value goes to the field where the caret was last. */
  onPick?: (path: string) => void;
  /** Paths that are closed at first. */
  folded?: readonly string[];
}

const OPEN_TO = 3; // levels that are open at first
const NONE: readonly string[] = [];
const AT_FIRST = 50; // children of a value that are shown before "more" is asked for

/** The values of a sample: click one, or drag it into a field. Children are made when they are opened. */
export function SampleTree({ sample, onPick = insertPath, folded = NONE }: Props) {
  const { t } = useTranslation('forms');
  const nothing = typeof sample !== 'object' || sample === null || Object.keys(sample).length === 0;
  if (nothing) {
    return (
      <Text fz="xs" c="dimmed" p="xs" maw={280}>
        {t('noSample')}
      </Text>
    );
  }
  return (
    <div className={classes.tree} data-sample-tree>
      <Branch value={sample} path="" depth={0} onPick={onPick} folded={folded} />
    </div>
  );
}

interface BranchProps {
  value: unknown;
  path: string;
  depth: number;
  onPick: (path: string) => void;
  folded: readonly string[];
}

function Branch({ value, path, depth, onPick, folded }: BranchProps) {
  const { t } = useTranslation('forms');
  const [shown, setShown] = useState(AT_FIRST);
  const entries = Object.entries(value as Record<string, unknown>);
  return (
    <ul>
      {entries.slice(0, shown).map(([key, each]) => (
        <Node
          key={key}
          name={key}
          value={each}
          path={joined(path, key)}
          depth={depth}
          onPick={onPick}
          folded={folded}
        />
      ))}
      {entries.length > shown && (
        <li>
          <button type="button" className={classes.leaf} onClick={() => setShown(shown + 200)}>
            {t('moreValues', { count: entries.length - shown })}
          </button>
        </li>
      )}
    </ul>
  );
}

function Node({ name, value, path, depth, onPick, folded }: BranchProps & { name: string }) {
  const { t } = useTranslation('forms');
  const [open, setOpen] = useState(depth < OPEN_TO && !folded.includes(path));
  const isBranch = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  return (
    <li>
      <div className={classes.row}>
        {isBranch ? (
          <ActionIcon
            variant="subtle"
            color="gray"
            size={20}
            aria-expanded={open}
            aria-label={t('insideOf', { name })}
            onClick={() => setOpen(!open)}
          >
            {open ? <IconChevronDown size={13} /> : <IconChevronRight size={13} />}
          </ActionIcon>
        ) : (
          <span style={{ width: 20 }} />
        )}
        <button
          type="button"
          className={classes.leaf}
          draggable
          title={path}
          onDragStart={(event) => dragPath(event, path)}
          onMouseDown={(event) => event.detail > 1 && event.preventDefault()}
          onClick={() => onPick(path)}
        >
          <span className={classes.key}>{name}</span>
          <span className={classes.sample}>{isBranch && open ? '' : brief(value, 80)}</span>
        </button>
      </div>
      {isBranch && open && (
        <Branch value={value} path={path} depth={depth + 1} onPick={onPick} folded={folded} />
      )}
    </li>
  );
}
