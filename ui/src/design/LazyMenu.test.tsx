import { MantineProvider, Menu } from '@mantine/core';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeAll, expect, test, vi } from 'vitest';
import { standInForBrowser } from '~/testing/standIns';
import { LazyMenu } from './LazyMenu';
import { useStaged } from './useStaged';

beforeAll(standInForBrowser);

function List({ rows, list }: { rows: number[]; list: string }) {
  return <output>{useStaged(rows, list).length}</output>;
}

test('a lazy menu opens by key, and gives the focus back', async () => {
  const person = userEvent.setup();
  const run = vi.fn();
  render(
    <MantineProvider env="test">
      <LazyMenu label="Actions">{() => <Menu.Item onClick={run}>Run now</Menu.Item>}</LazyMenu>
    </MantineProvider>,
  );
  const button = screen.getByRole('button', { name: 'Actions' });
  expect(button.getAttribute('aria-expanded')).toBe('false');
  await person.tab();
  await person.keyboard('{Enter}');
  const menu = await screen.findByRole('menu', { name: 'Actions' });
  expect(button.getAttribute('aria-controls')).toBe(menu.id);
  await person.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByRole('menu')).toBeNull());
  await waitFor(() => expect(document.activeElement).toBe(button));
  await person.keyboard('{Enter}');
  await person.click(await screen.findByRole('menuitem', { name: 'Run now' }));
  expect(run).toHaveBeenCalledOnce();
  expect(button.getAttribute('aria-expanded')).toBe('false');
});

test('rows come bit by bit, all of them, and another list begins anew', async () => {
  const rows = Array.from({ length: 70 }, (_, index) => index);
  const { rerender } = render(<List rows={rows} list="a" />);
  await waitFor(() => expect(screen.getByRole('status').textContent).toBe('70'));
  rerender(<List rows={rows.slice(0, 5)} list="b" />);
  expect(screen.getByRole('status').textContent).toBe('5');
});
