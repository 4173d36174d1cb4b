import { Alert, Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ButtonLink } from '~/design/links';
import { catalogQuery } from '~/features/catalog/queries';
import { NeededConnectionDrawer } from '~/features/connections/components/NeededConnectionDrawer';
import { useMayConnect } from '~/features/connections/roles';
import { useSwitchAgent } from '../mutations';
import type { Agent } from '../queries';
import type { Said } from './conversation';

/** What is wrong with the account of the provider. */
const ACCOUNT = ['model_unauthorized', 'model_quota', 'model_unreachable', 'connection_not_allowed'];
/** What is set of the agent. */
const SETTING = [
  'no_model',
  'model_not_found',
  'model_context_too_long',
  'model_answer_cut',
  'model_rejected',
  'model_without_tools',
  'agent_limit',
  'agent_budget',
];

/** Why there is no answer, and what to do about it. */
export function WayOut({ said, agent, onAgain }: { said: Said; agent: Agent; onAgain?: () => void }) {
  const { t } = useTranslation('agents');
  const mayConnect = useMayConnect();
  const kinds = useQuery(catalogQuery()).data?.connections.filter(({ purpose }) => purpose === 'model') ?? [];
  const [connecting, setConnecting] = useState(false);
  const toggle = useSwitchAgent();
  const code = said.code ?? '';
  const lacks = code === 'no_model_provider';
  return (
    <Alert color="red" variant="light" py="xs" role="alert">
      <Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
        {lacks ? t('chat.noProvider') : said.text}
      </Text>
      <Group gap="xs" mt="xs">
        {lacks && mayConnect && (
          <Button size="xs" onClick={() => setConnecting(true)}>
            {t('model.connect')}
          </Button>
        )}
        {ACCOUNT.includes(code) &&
          (agent.provider ? (
            <ButtonLink
              size="xs"
              variant="default"
              to="/connections/$connectionId"
              params={{ connectionId: agent.provider }}
            >
              {t('chat.openConnection')}
            </ButtonLink>
          ) : (
            <ButtonLink size="xs" variant="default" to="/connections">
              {t('chat.openConnections')}
            </ButtonLink>
          ))}
        {SETTING.includes(code) && (
          <ButtonLink
            size="xs"
            variant="default"
            to="/agents/$agentId"
            params={{ agentId: agent.id }}
            search={{ tab: 'edit' }}
          >
            {t('chat.edit')}
          </ButtonLink>
        )}
        {code === 'agent_disabled' && (
          <Button
            size="xs"
            loading={toggle.isPending}
            onClick={() => toggle.mutate({ agent, enabled: true })}
          >
            {t('chat.switchOn')}
          </Button>
        )}
        {onAgain && (
          <Button size="xs" variant="default" onClick={onAgain}>
            {t('chat.again')}
          </Button>
        )}
      </Group>
      <NeededConnectionDrawer
        opened={connecting}
        onClose={() => setConnecting(false)}
        title={t('model.connect')}
        kinds={kinds.map(({ name }) => name)}
        onCreated={() => onAgain?.()}
      />
    </Alert>
  );
}
