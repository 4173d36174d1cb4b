import { ActionIcon, Button, Group, Menu, Skeleton, Switch, Tabs } from '@mantine/core';
import { IconBolt, IconDots, IconMessage, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LoadError } from '~/design/ListState';
import { MenuItemLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { useMayUse } from '~/features/connections/roles';
import { said } from '~/i18n/failures';
import { AgentAvatar } from '../components/AgentAvatar';
import { AgentStatus } from '../components/AgentStatus';
import { ChatTab } from '../components/ChatTab';
import { DeleteAgent } from '../components/DeleteAgent';
import { EditTab } from '../components/EditTab';
import { RunsTab } from '../components/RunsTab';
import { UsageTab } from '../components/UsageTab';
import { WhyOffline } from '../components/WhyOffline';
import { useDirectRoom, useRunAgent, useSwitchAgent } from '../mutations';
import { type Agent, agentQuery, agentStatusQuery } from '../queries';
import { TABS } from '../routes';

const route = getRouteApi('/inside/agents/$agentId');

export function AgentPage() {
  const { t } = useTranslation('agents');
  const { agentId } = route.useParams();
  const { tab = 'chat' } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(agentQuery(agentId));
  const mayEdit = useMayUse();
  const { data: standing } = useQuery(agentStatusQuery(agentId));
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} aria-busy="true" />;
  const { agent, etag } = data;
  const why = standing?.reason && said(standing.reason_code, standing.reason);
  const tabs = TABS.filter((each) => mayEdit || each !== 'edit');
  return (
    <>
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <AgentAvatar avatar={agent.avatar} size={40} />
        <div style={{ flex: 1, minWidth: 0 }}>
          <PageHeader
            title={agent.name}
            description={
              <Group gap="sm" component="span">
                {standing && <AgentStatus status={standing.status} reason={why} />}
                <span>{agent.description}</span>
              </Group>
            }
            actions={mayEdit ? <Actions agent={agent} /> : <DirectButton agent={agent} />}
          />
        </div>
      </Group>
      {standing?.status === 'offline' && <WhyOffline reasons={why ? [why] : []} />}
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(value) => void navigate({ search: { tab: TABS.find((each) => each === value) } })}
      >
        <Tabs.List mb="md">
          {tabs.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`tabs.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="chat">
          <ChatTab key={agent.id} agent={agent} />
        </Tabs.Panel>
        <Tabs.Panel value="runs">
          <RunsTab agentId={agent.id} />
        </Tabs.Panel>
        <Tabs.Panel value="edit">
          {mayEdit && <EditTab key={agent.id} agent={agent} etag={etag} />}
        </Tabs.Panel>
        <Tabs.Panel value="usage">
          <UsageTab agent={agent} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

/** What viewers may do, too. */
function DirectButton({ agent }: { agent: Agent }) {
  const { t } = useTranslation('agents');
  const direct = useDirectRoom();
  return (
    <Button
      variant="default"
      leftSection={<IconMessage size={15} />}
      loading={direct.isPending}
      onClick={() => direct.mutate(agent.id)}
    >
      {t('direct')}
    </Button>
  );
}

function Actions({ agent }: { agent: Agent }) {
  const { t } = useTranslation('agents');
  const [deleting, setDeleting] = useState(false);
  const toggle = useSwitchAgent();
  const run = useRunAgent();
  const direct = useDirectRoom();
  return (
    <>
      <Switch
        label={t('on')}
        checked={toggle.isPending ? toggle.variables.enabled : agent.enabled}
        onChange={(event) => toggle.mutate({ agent, enabled: event.currentTarget.checked })}
      />
      {agent.automation_id && (
        <Button
          variant="default"
          leftSection={<IconPlayerPlay size={15} />}
          loading={run.isPending}
          onClick={() => run.mutate(agent)}
        >
          {t('runNow')}
        </Button>
      )}
      <Menu>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={34}
            aria-label={t('actionsOf', { name: agent.name })}
          >
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconMessage size={15} />} onClick={() => direct.mutate(agent.id)}>
            {t('direct')}
          </Menu.Item>
          {agent.automation_id && (
            <MenuItemLink
              to="/automations/$automationId"
              params={{ automationId: agent.automation_id }}
              leftSection={<IconBolt size={15} />}
            >
              {t('automation')}
            </MenuItemLink>
          )}
          <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={() => setDeleting(true)}>
            {t('delete')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <DeleteAgent agent={agent} opened={deleting} onClose={() => setDeleting(false)} />
    </>
  );
}
