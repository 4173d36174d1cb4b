import { Group, Select, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LoadError } from '~/design/ListState';
import { Moment } from '~/design/Moment';
import { VirtualRows } from '~/design/VirtualRows';
import { linesQuery } from '../queries';

const ROW = 24;

interface Props {
  runId: string;
  onStep: (stepId: string) => void;
  height: string | number;
}

/** The log of the run, live while it goes on. */
export function LogLines({ runId, onStep, height }: Props) {
  const { t } = useTranslation('runs');
  const { data, error, refetch } = useQuery(linesQuery(runId));
  const [step, setStep] = useState<string | null>(null);
  const steps = useMemo(() => [...new Set(data?.flatMap((line) => line.step_id ?? []))], [data]);
  const lines = useMemo(() => (data ?? []).filter((line) => !step || line.step_id === step), [data, step]);
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={160} />;
  if (data.length === 0) return <Text c="dimmed">{t('noLines')}</Text>;
  return (
    <>
      <Group mb="xs">
        <Select
          size="xs"
          aria-label={t('linesOf')}
          placeholder={t('allSteps')}
          clearable
          data={steps}
          value={step}
          onChange={setStep}
          w={200}
        />
      </Group>
      <div className="log">
        <VirtualRows
          rows={lines}
          rowHeight={ROW}
          height={height}
          keyOf={(line) => String(line.seq)}
          label={t('views.log')}
          role="log"
        >
          {(line) => (
            <div className="log-line" data-level={line.level} title={line.text}>
              <span className="log-time">
                <Moment at={line.at} as="clock" />
              </span>
              {line.step_id ? (
                <button
                  type="button"
                  className="log-step"
                  onClick={() => line.step_id && onStep(line.step_id)}
                >
                  {line.step_id}
                </button>
              ) : (
                <span className="log-step" />
              )}
              <span>{line.text}</span>
            </div>
          )}
        </VirtualRows>
      </div>
    </>
  );
}
