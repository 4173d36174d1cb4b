import { Table } from '@mantine/core';
import type { ReactNode } from 'react';

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ReactNode;
  /** From which width on it is shown; always when missing. */
  from?: 'sm' | 'md' | 'lg';
  align?: 'right';
}

interface Props<Row> {
  label: string;
  rows: Row[];
  columns: Column<Row>[];
}

/** A dense table. */
export function DataTable<Row extends { id: string }>({ label, rows, columns }: Props<Row>) {
  return (
    // What is pushed sideways can be reached by keyboard, also where no cell takes the focus.
    <Table.ScrollContainer minWidth={320} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table highlightOnHover aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ title, from, align }) => (
              <Table.Th key={title} visibleFrom={from} ta={align}>
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.id}>
              {columns.map(({ title, from, align, cell }) => (
                <Table.Td key={title} visibleFrom={from} ta={align}>
                  {cell(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
