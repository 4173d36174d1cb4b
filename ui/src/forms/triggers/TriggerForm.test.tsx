import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { startLanguage } from '~/i18n/language';
import { standInForBrowser } from '~/testing/standIns';
import { curlLine } from './curl';
import { TriggerForm } from './TriggerForm';

vi.setConfig({ testTimeout: 60_000 });

let stored: Record<string, unknown>;

function Held({ type, start }: { type: string; start: Record<string, unknown> }) {
  const [value, setValue] = useState(start);
  stored = value;
  const schema = {
    type: 'object',
    properties: { auth: { enum: ['secret', 'hmac'] }, style: { type: 'string' } },
  };
  return <TriggerForm type={type} schema={schema} value={value} onChange={setValue} />;
}

function show(type: string, start: Record<string, unknown>) {
  const client = new QueryClient({ defaultOptions: { queries: { enabled: false } } });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <Held type={type} start={start} />
      </QueryClientProvider>
    </MantineProvider>,
  );
}

const choose = (label: string, option: string) => {
  fireEvent.click(screen.getByRole('combobox', { name: label }));
  fireEvent.click(screen.getByRole('option', { name: option, hidden: true }));
};

beforeAll(async () => {
  standInForBrowser();
  await startLanguage();
});

describe('the form of a trigger', () => {
  it('goes from a preset to another one, and keeps the time', () => {
    show('schedule', { schedules: [{ cron: '30 8 * * *', timezone: 'Europe/Paris' }] });
    choose('How often, schedule 1', 'Weekly');
    expect(stored).toEqual({ schedules: [{ cron: '30 8 * * 1', timezone: 'Europe/Paris' }] });
    fireEvent.change(screen.getByLabelText('At'), { target: { value: '07:05' } });
    fireEvent.click(screen.getByRole('checkbox', { name: 'Wed' }));
    expect(stored).toEqual({ schedules: [{ cron: '5 7 * * 1,3', timezone: 'Europe/Paris' }] });
    choose('How often, schedule 1', 'Custom (cron)');
    const expression = screen.getByLabelText('Cron expression');
    for (const cron of ['0 9 * * *', '0 9 * * 1-5']) {
      fireEvent.change(expression, { target: { value: cron } });
      expect((expression as HTMLInputElement).value).toBe(cron);
    }
    expect(stored).toEqual({ schedules: [{ cron: '0 9 * * 1-5', timezone: 'Europe/Paris' }] });
    choose('How often, schedule 1', 'Every few minutes');
    expect(stored).toEqual({ schedules: [{ every_s: 900 }] });
    fireEvent.click(screen.getByRole('button', { name: 'Add another schedule' }));
    expect((stored.schedules as unknown[]).length).toBe(2);
  });

  it('says how senders prove themselves in one choice', () => {
    show('webhook', { rate_per_min: 5 });
    choose('How senders prove themselves', 'Signature: GitHub');
    expect(stored).toEqual({ rate_per_min: 5, auth: 'hmac', style: 'github' });
    choose('How senders prove themselves', 'A secret');
    expect(stored).toEqual({ rate_per_min: 5, auth: 'secret' });
  });

  it('gives a line to try a webhook with, in every style', () => {
    const url = 'https://v.example.com/api/webhooks/x';
    expect(curlLine({ url, style: null }, 'whs_1')).toContain("-H 'X-Webhook-Secret: whs_1'");
    expect(curlLine({ url, style: null }, null)).toContain('$SECRET');
    for (const style of ['standard', 'github', 'slack', 'stripe'] as const) {
      expect(curlLine({ url, style }, "it's")).toContain(String.raw`SECRET='it'\''s'`);
    }
  });
});
