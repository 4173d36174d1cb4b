import {
  ActionIcon,
  Autocomplete,
  Button,
  Group,
  Input,
  SegmentedControl,
  Select,
  Stack,
  TextInput,
} from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { components } from '~/api/schema';
import type { Tool } from '../draft';

type Approval = Tool['approval'];
type Test = components['schemas']['ArgumentTest'];

const MODES = ['never', 'always', 'when'] as const;
const OPERATORS = [
  'equals',
  'not_equals',
  'greater',
  'at_least',
  'less',
  'at_most',
  'contains',
  'exists',
  'missing',
] as const;
const ALONE: string[] = ['exists', 'missing'];

/** Numbers and truths are compared as such: `100` is typed, and is the number. */
export function typedValue(typed: string): unknown {
  if (typed === 'true' || typed === 'false') return typed === 'true';
  return typed.trim() !== '' && Number.isFinite(Number(typed)) ? Number(typed) : typed;
}

interface Props {
  /** The arguments that the model fills. */
  names: string[];
  approval: Approval;
  onChange: (approval: Approval) => void;
}

/** Whether a person is asked before a call: never, always, or by its arguments. */
export function ApprovalFields({ names, approval, onChange }: Props) {
  const { t } = useTranslation('agents');
  const mode = typeof approval === 'string' ? approval : 'when';
  const tests = typeof approval === 'string' ? [] : approval.when;
  const blank: Test = { argument: names[0] ?? '', op: 'equals', value: '' };
  const put = (at: number, part: Partial<Test>) =>
    onChange({ when: tests.map((each, number) => (number === at ? { ...each, ...part } : each)) });
  return (
    <Stack gap={6}>
      <Input.Label labelElement="div" id={`approval-${names.join('-')}`}>
        {t('approval.title')}
      </Input.Label>
      <SegmentedControl
        aria-labelledby={`approval-${names.join('-')}`}
        size="xs"
        w="fit-content"
        data={MODES.map((value) => ({ value, label: t(`approval.${value}`) }))}
        value={mode}
        onChange={(next) => onChange(next === 'never' || next === 'always' ? next : { when: [blank] })}
      />
      {tests.map((test, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: tests have no other name than their place
        <Group key={at} gap={6} wrap="nowrap">
          <Autocomplete
            aria-label={t('approval.argument')}
            placeholder={t('approval.argument')}
            data={names}
            value={test.argument}
            onChange={(argument) => put(at, { argument })}
            w={150}
          />
          <Select
            aria-label={t('approval.compare')}
            data={OPERATORS.map((value) => ({ value, label: t(`operator.${value}`) }))}
            value={test.op}
            onChange={(op) => put(at, { op: OPERATORS.find((each) => each === op) ?? 'equals' })}
            allowDeselect={false}
            w={150}
          />
          {!ALONE.includes(test.op) && (
            <TextInput
              aria-label={t('approval.value')}
              placeholder={t('approval.value')}
              value={String(test.value ?? '')}
              onChange={(event) => put(at, { value: typedValue(event.currentTarget.value) })}
              style={{ flex: 1 }}
            />
          )}
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t('approval.remove')}
            onClick={() => {
              const rest = tests.toSpliced(at, 1);
              onChange(rest.length ? { when: rest } : 'never');
            }}
          >
            <IconX size={15} />
          </ActionIcon>
        </Group>
      ))}
      {mode === 'when' && (
        <Button
          size="compact-xs"
          variant="subtle"
          w="fit-content"
          leftSection={<IconPlus size={13} />}
          onClick={() => onChange({ when: [...tests, blank] })}
        >
          {t('approval.or')}
        </Button>
      )}
    </Stack>
  );
}
