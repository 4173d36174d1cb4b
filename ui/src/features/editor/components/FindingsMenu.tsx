import { Button, Popover, ScrollArea, Stack, Text, UnstyledButton } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { TRIGGER } from '../graph/graph';
import { type Finding, isAt, useFindingsStore } from '../state/findings';
import { useView } from '../state/view';
import { useStepOf } from './useFindings';

/** Everything that is wrong, each entry a jump to its step. */
export function FindingsMenu() {
  const { t } = useTranslation('editor');
  const [open, setOpen] = useState(false);
  const findings = useFindingsStore((state) => state.all);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const Icon = findings.length === 0 ? IconCircleCheck : IconAlertTriangle;
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" width={360} shadow="md" trapFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant="subtle"
          color={errors > 0 ? 'red' : 'gray'}
          leftSection={<Icon size={15} />}
          onClick={() => setOpen(!open)}
        >
          {findings.length}
          <span className="visually-hidden">
            {findings.length === 0 ? t('noFindings') : t('findings', { count: findings.length })}
          </span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        {findings.length === 0 ? (
          <Text fz="sm" p="xs">
            {t('noFindings')}
          </Text>
        ) : (
          <ScrollArea.Autosize mah={380} type="auto">
            <FindingsList findings={findings} onJump={() => setOpen(false)} />
          </ScrollArea.Autosize>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

export function FindingsList({ findings, onJump }: { findings: Finding[]; onJump?: () => void }) {
  const { t } = useTranslation('editor');
  const stepOf = useStepOf();
  return (
    <Stack gap={2}>
      {findings.map((finding) => {
        const step = stepOf(finding.at);
        const trigger = isAt(finding.at, 'trigger_type') || isAt(finding.at, 'trigger_config');
        return (
          <UnstyledButton
            key={finding.at + finding.message}
            className="picker-choice"
            data-finding={finding.at}
            onClick={() => {
              const view = useView.getState();
              if (view.face === 'json') view.show('canvas');
              view.select(step ? [step.id] : trigger ? [TRIGGER] : [], step?.field ?? null);
              view.open('config');
              onJump?.();
            }}
          >
            <span className="picker-text">
              <Text
                fz="xs"
                fw={600}
                c={finding.severity === 'error' ? 'var(--mantine-color-error)' : undefined}
              >
                {step?.id ?? (trigger ? t('trigger') : t('settings'))}
              </Text>
              <Text fz="xs">{finding.message}</Text>
            </span>
          </UnstyledButton>
        );
      })}
    </Stack>
  );
}
