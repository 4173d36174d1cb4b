import { Alert, Button, Code, CopyButton, Group, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { ButtonLink } from '~/design/links';
import { failed } from '~/design/toast';
import { AgentAvatar } from '~/features/agents/components/AgentAvatar';
import { NeededConnection } from '~/features/connections/components/NeededConnection';
import type { Deployed } from '../queries';

/** What was made, what is still missing, and where to go on. */
export function DeployedView({ deployed, onDone }: { deployed: Deployed; onDone?: () => void }) {
  const { t } = useTranslation('templates');
  const client = useQueryClient();
  const { agent, automations, missing } = deployed;
  const switchOn = useMutation({
    mutationFn: () =>
      answer(
        api.PATCH('/api/agents/{agent}', { params: { path: { agent: agent.id } }, body: { enabled: true } }),
      ),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['agents'] });
      void client.invalidateQueries({ queryKey: ['automations'] });
    },
    onError: (error) => failed(error),
  });
  const off = missing.length > 0 && !switchOn.isSuccess;
  const automation = automations.find(({ agent_id }) => agent_id === agent.id) ?? automations[0];
  const hook = automations.find(({ webhook }) => webhook)?.webhook;
  return (
    <Stack>
      <Group wrap="nowrap">
        <AgentAvatar avatar={agent.avatar} size={44} />
        <Title order={2} role="status">
          {t(off ? 'offTitle' : 'readyTitle', { name: agent.name })}
        </Title>
      </Group>
      {off &&
        missing.map((each) => (
          <Alert key={each.connection} color="yellow" variant="light" title={each.title}>
            <NeededConnection kinds={each.kinds} onCreated={() => switchOn.mutate()} />
          </Alert>
        ))}
      {hook && (
        <Stack gap={4}>
          <Text fz="sm">{t('secret')}</Text>
          <Code block fz="xs" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {`${hook.url}\n${hook.secret ?? ''}`}
          </Code>
          <CopyButton value={hook.secret ?? hook.url}>
            {({ copied, copy }) => (
              <Button size="xs" variant="default" w="fit-content" onClick={copy}>
                {copied ? t('copied') : t('copy')}
              </Button>
            )}
          </CopyButton>
        </Stack>
      )}
      <Group gap="xs">
        <ButtonLink to="/agents/$agentId" params={{ agentId: agent.id }} data-autofocus>
          {t('chat')}
        </ButtonLink>
        {automation && (
          <ButtonLink
            to="/automations/$automationId"
            params={{ automationId: automation.id }}
            variant="default"
          >
            {t('automation')}
          </ButtonLink>
        )}
        {off && (
          <Button variant="default" loading={switchOn.isPending} onClick={() => switchOn.mutate()}>
            {t('switchOn')}
          </Button>
        )}
        {onDone && (
          <Button variant="subtle" color="gray" onClick={onDone}>
            {t('another')}
          </Button>
        )}
      </Group>
    </Stack>
  );
}
