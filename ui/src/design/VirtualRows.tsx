import { Box } from '@mantine/core';
import {
  type ReactNode,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useRef,
  useState,
} from 'react';

const SPARE_ROWS = 12;

export interface RowsHandle {
  scrollTo: (index: number) => void;
}

interface Props<Row> {
  rows: readonly Row[];
  rowHeight: number;
  height: number | string;
  keyOf: (row: Row) => string;
  children: (row: Row, index: number) => ReactNode;
  label: string;
  role?: 'rowgroup' | 'list' | 'tree' | 'log';
  /** The last row is near: there may be more to fetch. */
  onEnd?: () => void;
  onTop?: (isAtTop: boolean) => void;
  ref?: Ref<RowsHandle>;
}

/** Rows of one height, of which only those in sight are in the page, however many there are. */
export function VirtualRows<Row>(props: Props<Row>) {
  const { rows, rowHeight, height, keyOf, children, label, role = 'rowgroup', onEnd, onTop, ref } = props;
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ from: 0, to: 40 });
  const look = useCallback(() => {
    const element = box.current;
    if (!element) return;
    const from = Math.max(0, Math.floor(element.scrollTop / rowHeight) - SPARE_ROWS);
    const to = Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + SPARE_ROWS;
    setSeen((before) => (before.from === from && before.to === to ? before : { from, to }));
    onTop?.(element.scrollTop < rowHeight);
  }, [rowHeight, onTop]);
  useEffect(() => {
    look();
    if (!box.current || typeof ResizeObserver === 'undefined') return;
    const observer = new ResizeObserver(look);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [look]);
  useEffect(() => {
    if (seen.to >= rows.length) onEnd?.();
  }, [seen.to, rows.length, onEnd]);
  useImperativeHandle(ref, () => ({
    scrollTo: (index) => {
      const element = box.current;
      if (!element) return;
      const top = index * rowHeight;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top + rowHeight > element.scrollTop + element.clientHeight)
        element.scrollTop = top + rowHeight - element.clientHeight;
    },
  }));
  const shown = rows.slice(seen.from, seen.to);
  return (
    <Box
      ref={box}
      className="virtual-rows"
      mah={height}
      onScroll={look}
      tabIndex={0}
      role={role}
      aria-label={label}
    >
      <div style={{ height: rows.length * rowHeight, position: 'relative' }} role="presentation">
        <div
          style={{
            transform: `translateY(${seen.from * rowHeight}px)`,
            position: 'absolute',
            inset: '0 0 auto 0',
          }}
          role="presentation"
        >
          {shown.map((row, index) => (
            <div key={keyOf(row)} style={{ height: rowHeight }} role="presentation">
              {children(row, seen.from + index)}
            </div>
          ))}
        </div>
      </div>
    </Box>
  );
}
