import { Button, Group, ScrollArea, Stack, Text, Textarea, UnstyledButton } from '@mantine/core';
import { IconArrowUp, IconPlayerStop } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { Problem } from '~/api/problem';
import { useSession } from '~/api/session';
import { useMayUse } from '~/features/connections/roles';
import { ask, textOf } from '../asking';
import { type Agent, agentKeys } from '../queries';
import { AgentAvatar } from './AgentAvatar';
import { Bubble } from './Bubble';
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

/** Whoever only goes away finds the answer when they come back. */
function left({ runId }: Said): Partial<Said> {
  return { state: runId ? 'waiting' : 'stopped' };
}

const nextId = () => `${Date.now()}-${++count}`;

/** Ask it now; the answer is shown while it comes. */
export function ChatTab({ agent }: { agent: Agent }) {
  const { t } = useTranslation('agents');
  const now = useSession();
  const userId = now.state === 'signed-in' ? now.userId : '';
  const client = useQueryClient();
  const [talk, setTalk] = useState<Conversation>(() => keptConversation(userId, agent.id));
  const mayAsk = useMayUse();
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
      const ended = answered.status === 'success';
      put(() => (ended ? { state: 'done', text: textOf(answered.output) } : { state: 'waiting' }));
    } catch (error) {
      if (ending.signal.aborted) put(ending.signal.reason === LEFT ? left : stopped);
      else
        put(() => ({
          state: 'failed',
          text: error instanceof Error && error.message ? error.message : t('chat.cut'),
          code: error instanceof Problem ? error.code : undefined,
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
          {talk.said.length === 0 && (
            <Beginning agent={agent} onSay={mayAsk ? (text) => void say(text) : undefined} />
          )}
          {talk.said.map((each) => (
            <Bubble
              key={each.id}
              said={each}
              agent={agent}
              onEnd={(part) =>
                setTalk((before) => ({ ...before, said: changedSaid(before.said, each.id, () => part) }))
              }
              onAgain={each === last && mayAsk ? () => void say(question) : undefined}
            />
          ))}
          <div ref={end} />
        </Stack>
      </ScrollArea.Autosize>
      {!mayAsk && (
        <Text fz="sm" c="dimmed">
          {t('chat.viewer')}
        </Text>
      )}
      <form
        hidden={!mayAsk}
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

function Beginning({ agent, onSay }: { agent: Agent; onSay?: (text: string) => void }) {
  const { t } = useTranslation('agents');
  return (
    <Stack align="center" py="xl" gap="xs">
      <AgentAvatar avatar={agent.avatar} size={48} />
      <Text fw={600}>{t('chat.beginTitle', { name: agent.name })}</Text>
      {onSay && (
        <UnstyledButton
          onClick={() => onSay(t('chat.opener'))}
          px="sm"
          py={6}
          fz="sm"
          style={{ border: 'var(--shell-edge)', borderRadius: 16 }}
        >
          {t('chat.opener')}
        </UnstyledButton>
      )}
    </Stack>
  );
}
