import { Button, Drawer, Group, SegmentedControl, Skeleton, Stack, Text, Textarea } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { AnchorLink } from '~/design/links';
import type { Json } from '~/design/treeRows';
import { When } from '~/design/When';
import { Fields } from '~/features/approvals/components/Fields';
import { fieldsOfValue, type Typed, typedOf, valuesOf } from '~/features/approvals/formFields';
import { LiveSteps } from '~/features/runs/components/LiveSteps';
import { useStart } from './mutations';
import { type AutomationDetail, lastSampleQuery } from './queries';

const isObject = (value: unknown): value is { [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;

/** Run the live version now, with data; its steps are shown as they go. */
export function RunNow({ automation, onClose }: { automation: AutomationDetail; onClose: () => void }) {
  const { t } = useTranslation('automations');
  const { t: tApp } = useTranslation();
  const sample = useQuery(lastSampleQuery(automation.id));
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      closeButtonProps={{ 'aria-label': tApp('close') }}
      size="lg"
      title={t('runTitle', { name: automation.name })}
    >
      {sample.isPending ? (
        <Skeleton height={200} />
      ) : (
        <RunForm automation={automation} sample={sample.data ?? null} />
      )}
    </Drawer>
  );
}

function RunForm({
  automation,
  sample,
}: {
  automation: AutomationDetail;
  sample: { data: unknown; at: string } | null;
}) {
  const { t } = useTranslation('automations');
  const start = useStart(automation.id);
  const data = (sample?.data ?? null) as Json;
  const fields = useMemo(() => (isObject(data) ? fieldsOfValue(data) : []), [data]);
  const [as, setAs] = useState<'form' | 'json'>(fields.length ? 'form' : 'json');
  const [typed, setTyped] = useState<Typed>(() => typedOf(fields));
  const [json, setJson] = useState(() => (data === null ? '{}' : JSON.stringify(data, null, 2)));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const words = { missing: t('noJson'), noNumber: t('noNumber'), noJson: t('noJson') };
  const payload = (): { ok: true; value: Json } | { ok: false } => {
    if (as === 'form') {
      const told = valuesOf(fields, typed, words);
      setErrors(told.errors);
      return Object.keys(told.errors).length ? { ok: false } : { ok: true, value: told.values };
    }
    try {
      const value = json.trim() ? (JSON.parse(json) as Json) : null;
      setErrors({});
      return { ok: true, value };
    } catch {
      setErrors({ $json: t('noJson') });
      return { ok: false };
    }
  };
  const go = () => {
    const found = payload();
    if (found.ok) start.mutate(found.value);
  };
  const change = (to: 'form' | 'json') => {
    if (to === 'json') {
      const told = valuesOf(fields, typed, words);
      setJson(JSON.stringify(told.values, null, 2));
    }
    setAs(to);
  };
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Text fz="sm" c="dimmed">
          {sample ? (
            <>
              {t('fromLastRun')} <When at={sample.at} />
            </>
          ) : (
            t('noSample')
          )}
        </Text>
        {fields.length > 0 && (
          <SegmentedControl
            size="xs"
            aria-label={t('payloadAs')}
            value={as}
            onChange={(value) => change(value as 'form' | 'json')}
            data={[
              { value: 'form', label: t('asForm') },
              { value: 'json', label: 'JSON' },
            ]}
          />
        )}
      </Group>
      {as === 'form' ? (
        <Fields fields={fields} typed={typed} errors={errors} onChange={setTyped} />
      ) : (
        <Textarea
          label={t('payload')}
          description={t('payloadText')}
          autosize
          minRows={6}
          maxRows={18}
          spellCheck={false}
          error={errors.$json}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
          value={json}
          onChange={(event) => setJson(event.currentTarget.value)}
        />
      )}
      <Group>
        <Button leftSection={<IconPlayerPlay size={15} />} onClick={go} loading={start.isPending}>
          {t('runNow')}
        </Button>
        {automation.draft_changed && (
          <Text fz="xs" c="dimmed">
            {t('runsLive', { number: automation.live_version ?? 0 })}
          </Text>
        )}
      </Group>
      {start.data && (
        <section aria-live="polite">
          <Group justify="space-between" mb="xs">
            <Text fw={600} fz="sm">
              {t('thisRun')}
            </Text>
            <AnchorLink fz="sm" to="/automations/logs/$logId" params={{ logId: start.data.run_id }}>
              {t('openRun')}
            </AnchorLink>
          </Group>
          <LiveSteps key={start.data.run_id} runId={start.data.run_id} />
        </section>
      )}
    </Stack>
  );
}
