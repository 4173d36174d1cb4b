import { Button, Group, Loader, Paper, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { AnchorLink } from '~/design/links';
import { Prose } from '~/design/Prose';
import type { Agent } from '../queries';
import { AgentAvatar } from './AgentAvatar';
import type { Said } from './conversation';
import { Unanswered } from './Unanswered';
import { WayOut } from './WayOut';

interface Props {
  said: Said;
  agent: Agent;
  /** What became of it meanwhile. */
  onEnd: (part: Partial<Said>) => void;
  /** Ask the same again; only for the last one. */
  onAgain?: () => void;
}

/** One thing that was said, with what it came from and what may be done about it. */
export function Bubble({ said, agent, onEnd, onAgain }: Props) {
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
          <WayOut said={said} agent={agent} onAgain={onAgain} />
        ) : (
          said.text && <Prose text={said.text} />
        )}
        {said.state === 'coming' && (
          <Loader size="xs" type="dots" role="img" aria-label={t('states.processing')} />
        )}
        {said.state === 'stopped' && (
          <Group gap="sm">
            <Text fz="xs" c="dimmed">
              {t('chat.stopped')}
            </Text>
            {onAgain && (
              <Button size="compact-xs" variant="default" onClick={onAgain}>
                {t('chat.again')}
              </Button>
            )}
          </Group>
        )}
        {said.state === 'waiting' && said.runId && <Unanswered runId={said.runId} onEnd={onEnd} />}
        {said.runId && said.state !== 'coming' && (
          <AnchorLink
            to="/automations/logs/$logId"
            params={{ logId: said.runId }}
            fz="xs"
            c="dimmed"
            w="fit-content"
          >
            {t('chat.run')}
          </AnchorLink>
        )}
      </Stack>
    </Group>
  );
}
