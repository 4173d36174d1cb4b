import {
  Alert,
  Button,
  Group,
  Loader,
  Paper,
  ScrollArea,
  Stack,
  Text,
  Textarea,
  UnstyledButton,
} from '@mantine/core';
import { IconArrowUp, IconPlayerStop } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { useSession } from '~/api/session';
import { AnchorLink } from '~/design/links';
import { ask, textOf } from '../asking';
import { type Agent, agentKeys } from '../queries';
import { AgentAvatar } from './AgentAvatar';
import {
  type Conversation,
  changedSaid,
  freshName,
  keepConversation,
  keptConversation,
  type Said,
} from './conversation';

let count = 0;
/** Why nobody listens any more: the page was left, and the run goes on. */
const LEFT = 'left';

/** Whoever stops an answer stops its run, too. */
function stopped({ runId }: Said): Partial<Said> {
  if (runId) {
    const path = { log_id: runId };
    answer(api.POST('/api/automations/logs/{log_id}/cancel', { params: { path } })).catch(() => undefined);
  }
  return { state: 'stopped' };
}

const nextId = () => `${Date.now()}-${++count}`;

/** Ask it now; the answer is shown while it comes. */
export function ChatTab({ agent }: { agent: Agent }) {
  const { t } = useTranslation('agents');
  const now = useSession();
  const userId = now.state === 'signed-in' ? now.userId : '';
  const client = useQueryClient();
  const [talk, setTalk] = useState<Conversation>(() => keptConversation(userId, agent.id));
  const [typed, setTyped] = useState('');
  const [stop, setStop] = useState<AbortController | null>(null);
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => keepConversation(userId, agent.id, talk), [userId, agent.id, talk]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what comes is scrolled to
  useEffect(() => {
    void end.current?.scrollIntoView({ block: 'nearest' });
  }, [talk]);
  useEffect(() => () => stop?.abort(LEFT), [stop]);

  const say = async (text: string) => {
    const prompt = text.trim();
    if (!prompt || stop) return;
    setTyped('');
    const id = nextId();
    const put = (part: (before: Said) => Partial<Said>) =>
      setTalk((before) => ({ ...before, said: changedSaid(before.said, id, part) }));
    setTalk((before) => ({
      ...before,
      said: [
        ...before.said,
        { id: nextId(), by: 'person', text: prompt, state: 'done' },
        { id, by: 'agent', text: '', state: 'coming', tools: [] },
      ],
    }));
    const ending = new AbortController();
    setStop(ending);
    try {
      const hearing = {
        onRun: (runId: string) => put(() => ({ runId })),
        onText: (piece: string) => put((before) => ({ text: before.text + piece })),
        onTool: (name: string) => put((before) => ({ tools: [...(before.tools ?? []), name] })),
      };
      const answered = await ask(agent.id, { prompt, conversation: talk.name }, hearing, ending.signal);
      const waits = answered.status === 'waiting_approval';
      put(() => (waits ? { state: 'waiting' } : { state: 'done', text: textOf(answered.output) }));
    } catch (error) {
      if (ending.signal.aborted) put(ending.signal.reason === LEFT ? () => ({ state: 'stopped' }) : stopped);
      else
        put(() => ({
          state: 'failed',
          text: error instanceof Error && error.message ? error.message : t('chat.cut'),
        }));
    } finally {
      setStop(null);
      void client.invalidateQueries({ queryKey: agentKeys.runs(agent.id) });
    }
  };
  const last = talk.said.at(-1);
  const question = talk.said.findLast(({ by }) => by === 'person')?.text ?? '';
  return (
    <Stack maw={820} gap="sm">
      <ScrollArea.Autosize mah="calc(100dvh - 330px)" type="auto" viewportProps={{ tabIndex: 0 }}>
        <Stack gap="md" py="xs" role="log" aria-label={t('tabs.chat')}>
          {talk.said.length === 0 && <Beginning agent={agent} onSay={(text) => void say(text)} />}
          {talk.said.map((each) => (
            <Bubble key={each.id} said={each} agent={agent} />
          ))}
          {last?.state === 'failed' && (
            <Button size="xs" variant="default" w="fit-content" onClick={() => void say(question)}>
              {t('chat.again')}
            </Button>
          )}
          <div ref={end} />
        </Stack>
      </ScrollArea.Autosize>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void say(typed);
        }}
      >
        <Group align="flex-end" gap="xs" wrap="nowrap">
          <Textarea
            aria-label={t('chat.message')}
            placeholder={t('chat.placeholder', { name: agent.name })}
            autosize
            minRows={1}
            maxRows={8}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
              event.preventDefault();
              void say(typed);
            }}
            style={{ flex: 1 }}
          />
          {stop ? (
            <Button variant="default" leftSection={<IconPlayerStop size={15} />} onClick={() => stop.abort()}>
              {t('chat.stop')}
            </Button>
          ) : (
            <Button type="submit" disabled={!typed.trim()} leftSection={<IconArrowUp size={15} />}>
              {t('chat.send')}
            </Button>
          )}
        </Group>
      </form>
      <Group justify="space-between">
        <Text fz="xs" c="dimmed">
          {t('chat.note')}
        </Text>
        {talk.said.length > 0 && !stop && (
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            onClick={() => setTalk({ name: freshName(), said: [] })}
          >
            {t('chat.fresh')}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Beginning({ agent, onSay }: { agent: Agent; onSay: (text: string) => void }) {
  const { t } = useTranslation('agents');
  return (
    <Stack align="center" py="xl" gap="xs">
      <AgentAvatar avatar={agent.avatar} size={48} />
      <Text fw={600}>{t('chat.beginTitle', { name: agent.name })}</Text>
      <UnstyledButton
        onClick={() => onSay(t('chat.opener'))}
        px="sm"
        py={6}
        fz="sm"
        style={{ border: 'var(--shell-edge)', borderRadius: 16 }}
      >
        {t('chat.opener')}
      </UnstyledButton>
    </Stack>
  );
}

function Bubble({ said, agent }: { said: Said; agent: Agent }) {
  const { t } = useTranslation('agents');
  if (said.by === 'person') {
    return (
      <Paper
        p="sm"
        radius="md"
        ml="auto"
        maw="80%"
        bg="var(--mantine-color-default-hover)"
        style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
      >
        {said.text}
      </Paper>
    );
  }
  const waits = said.state === 'waiting';
  return (
    <Group align="flex-start" wrap="nowrap" gap="sm">
      <AgentAvatar avatar={agent.avatar} size={28} />
      <Stack gap={4} style={{ minWidth: 0, flex: 1 }}>
        {said.tools && said.tools.length > 0 && (
          <Text fz="xs" c="dimmed">
            {t('chat.tools', { names: said.tools.join(', ') })}
          </Text>
        )}
        {said.state === 'failed' ? (
          <Alert color="red" variant="light" py="xs" role="alert">
            {said.text}
          </Alert>
        ) : (
          <Text fz="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {said.text}
          </Text>
        )}
        {said.state === 'coming' && <Loader size="xs" type="dots" aria-label={t('states.processing')} />}
        {said.state === 'stopped' && (
          <Text fz="xs" c="dimmed">
            {t('chat.stopped')}
          </Text>
        )}
        {waits && (
          <AnchorLink to="/approvals" fz="sm">
            {t('chat.waits')}
          </AnchorLink>
        )}
        {said.runId && said.state !== 'coming' && (
          <AnchorLink to="/automations/logs/$logId" params={{ logId: said.runId }} fz="xs" c="dimmed">
            {t('chat.run')}
          </AnchorLink>
        )}
      </Stack>
    </Group>
  );
}
