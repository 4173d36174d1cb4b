import { Alert, Button, Group, SegmentedControl, Stack, Text, Textarea } from '@mantine/core';
import { type Ref, useImperativeHandle, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '~/api/problem';
import type { Json } from '~/design/treeRows';
import { ValueTree } from '~/design/ValueTree';
import { fieldsOf, fieldsOfValue, typedOf, valuesOf } from '../formFields';
import type { Question, Reply } from '../queries';
import { Fields } from './Fields';

/** The keys that each kind of question has. An answer's key goes to its button first, then answers: it can't be undone. */
export const DECISION_KEYS = {
  approval: { a: 'approve', x: 'reject' },
  gate: { a: 'approve', e: 'edit', x: 'reject' },
  doubt: { d: 'done', r: 'repeat', x: 'cancel' },
} as const;

export interface DecisionHandle {
  press: (key: string) => void;
}

interface Props {
  question: Question;
  onAnswer: (reply: Reply) => void;
  isPending: boolean;
  error: Error | null;
  ref?: Ref<DecisionHandle>;
}

type Edit = 'no' | 'form' | 'json';

const isObject = (value: unknown): value is { [name: string]: Json } =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !('$preview' in value) &&
  !('$blob' in value);

/** Look at a question and answer it: the form's values, the step's input edited, a comment; or what became of a doubt. */
export function Decision({ question, onAnswer, isPending, error, ref }: Props) {
  const { t } = useTranslation('approvals');
  const input = question.input as Json;
  const form = useMemo(() => fieldsOf(question.form), [question.form]);
  const own = useMemo(() => (isObject(input) ? fieldsOfValue(input) : []), [input]);
  const [values, setValues] = useState(() => typedOf(form));
  const [edited, setEdited] = useState(() => typedOf(own));
  const [json, setJson] = useState(() => JSON.stringify(input, null, 2));
  const [edit, setEdit] = useState<Edit>('no');
  const [comment, setComment] = useState('');
  const [output, setOutput] = useState('');
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const box = useRef<HTMLDivElement>(null);
  const buttons = useRef<HTMLDivElement>(null);
  const canEdit = question.kind === 'gate' && isObject(input);
  const words = { missing: t('missing'), noNumber: t('noNumber'), noJson: t('noJson') };

  const reply = (decision: Reply['decision']): Reply | null => {
    const said: Reply = { decision, ...(comment.trim() ? { comment: comment.trim() } : {}) };
    if (decision === 'approve') {
      const told = valuesOf(form, values, words);
      const changed = editedInput();
      const errors = { ...told.errors, ...changed.errors };
      setWrong(errors);
      if (Object.keys(errors).length) return null;
      if (form.length) said.values = told.values;
      if (changed.input) said.input = changed.input;
    }
    if (decision === 'done' && output.trim()) {
      try {
        said.output = JSON.parse(output) as Json;
      } catch {
        setWrong({ output: words.noJson });
        return null;
      }
    }
    return said;
  };
  const editedInput = (): { input?: { [name: string]: Json }; errors: Record<string, string> } => {
    if (edit === 'no') return { errors: {} };
    if (edit === 'form') {
      const told = valuesOf(own, edited, words);
      return { input: told.values, errors: told.errors };
    }
    try {
      const read = JSON.parse(json) as Json;
      return isObject(read) ? { input: read, errors: {} } : { errors: { $json: words.noJson } };
    } catch {
      return { errors: { $json: words.noJson } };
    }
  };
  const say = (decision: Reply['decision']) => {
    if (isPending) return;
    const said = reply(decision);
    if (said) onAnswer(said);
  };
  const startEdit = () => {
    if (!canEdit) return;
    setEdit('form');
    setTimeout(() => box.current?.querySelector<HTMLElement>('input, textarea')?.focus());
  };
  const press = (key: string) => {
    const what = (DECISION_KEYS[question.kind] as Record<string, Reply['decision'] | 'edit'>)[key];
    if (what === 'edit') startEdit();
    if (!what || what === 'edit' || !reply(what)) return;
    const button = buttons.current?.querySelector<HTMLElement>(`[data-decision=${what}]`);
    if (button === document.activeElement) say(what);
    else button?.focus();
  };
  useImperativeHandle(ref, () => ({ press }));
  const faults = error instanceof Problem ? error.errors : [];
  const byField = Object.fromEntries(
    faults.map(({ at, message }) => [at.replace(/^(?:body\.)?(?:values|input)\./, ''), message]),
  );
  const shown = { ...byField, ...wrong };
  return (
    <Stack gap="md">
      {form.length > 0 && <Fields fields={form} typed={values} errors={shown} onChange={setValues} />}
      {input !== null && question.kind !== 'approval' && (
        <div ref={box}>
          <Group justify="space-between" mb={4}>
            <Text fz="sm" fw={600}>
              {t(question.kind === 'doubt' ? 'doubtInput' : 'gateInput')}
            </Text>
            {canEdit && edit === 'no' && (
              <Button size="compact-xs" variant="default" onClick={startEdit}>
                {t('edit')}
              </Button>
            )}
            {edit !== 'no' && (
              <Group gap="xs">
                <SegmentedControl
                  size="xs"
                  aria-label={t('editAs')}
                  value={edit}
                  onChange={(value) => setEdit(value as Edit)}
                  data={[
                    { value: 'form', label: t('asForm') },
                    { value: 'json', label: 'JSON' },
                  ]}
                />
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="gray"
                  onClick={() => {
                    setEdit('no');
                    setEdited(typedOf(own));
                    setJson(JSON.stringify(input, null, 2));
                    setWrong({});
                  }}
                >
                  {t('takeBack')}
                </Button>
              </Group>
            )}
          </Group>
          {edit === 'no' && <ValueTree value={input} label={t('gateInput')} maxHeight={280} />}
          {edit === 'form' && <Fields fields={own} typed={edited} errors={shown} onChange={setEdited} />}
          {edit === 'json' && (
            <Textarea
              aria-label={t('gateInput')}
              autosize
              minRows={5}
              maxRows={18}
              spellCheck={false}
              error={shown.$json}
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
              value={json}
              onChange={(event) => setJson(event.currentTarget.value)}
            />
          )}
          {edit !== 'no' && (
            <Text fz="xs" c="dimmed" mt={4}>
              {t('editText')}
            </Text>
          )}
        </div>
      )}
      {question.kind === 'doubt' && (
        <Textarea
          label={t('doneOutput')}
          description={t('doneOutputText')}
          autosize
          minRows={1}
          maxRows={8}
          error={wrong.output}
          value={output}
          onChange={(event) => setOutput(event.currentTarget.value)}
        />
      )}
      <Textarea
        label={t('comment')}
        autosize
        minRows={1}
        maxRows={6}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      {error && (
        <Alert color="red" variant="light" role="alert">
          {error.message}
          {faults.map(({ at, message }) => (
            <Text key={at} fz="sm">
              {at}: {message}
            </Text>
          ))}
        </Alert>
      )}
      {question.kind === 'doubt' ? (
        <Group ref={buttons}>
          <Button data-decision="done" onClick={() => say('done')} loading={isPending}>
            {t('happened')}
          </Button>
          <Button variant="default" data-decision="repeat" onClick={() => say('repeat')} disabled={isPending}>
            {t('again')}
          </Button>
          <Button variant="default" data-decision="cancel" onClick={() => say('cancel')} disabled={isPending}>
            {t('endRun')}
          </Button>
        </Group>
      ) : (
        <Group ref={buttons}>
          <Button data-decision="approve" onClick={() => say('approve')} loading={isPending}>
            {t(edit === 'no' ? 'approve' : 'approveEdited')}
          </Button>
          <Button variant="default" data-decision="reject" onClick={() => say('reject')} disabled={isPending}>
            {t('reject')}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
