import { ActionIcon, Alert, Button, Group, Menu, Skeleton, Switch, Tabs } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconAlertTriangle,
  IconCopy,
  IconDots,
  IconPencil,
  IconPlayerPlay,
  IconTrash,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { LoadError } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { StatusBadge } from '~/design/StatusBadge';
import { useMayUse } from '~/features/connections/roles';
import { EditLink } from '../detail/EditLink';
import { useSwitchOne } from '../detail/mutations';
import { Overview } from '../detail/Overview';
import type { AutomationDetail } from '../detail/queries';
import { RunNow } from '../detail/RunNow';
import { RunsOfOne } from '../detail/RunsOfOne';
import { Settings } from '../detail/Settings';
import { Versions } from '../detail/Versions';
import { useDelete, useDuplicate } from '../mutations';
import { automationQuery } from '../queries';
import { type AutomationTab, TABS } from '../routes';
import '../detail/detail.css';

const route = getRouteApi('/inside/automations/$automationId');

export function AutomationPage() {
  const { automationId } = route.useParams();
  const { data, error, refetch } = useQuery(automationQuery(automationId));
  if (error && !data) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={260} />;
  return <OneAutomation key={automationId} automation={data} />;
}

function OneAutomation({ automation }: { automation: AutomationDetail }) {
  const { t } = useTranslation('automations');
  const { tab = 'overview' } = route.useSearch();
  const navigate = route.useNavigate();
  const [running, { open: openRun, close: closeRun }] = useDisclosure();
  const toggle = useSwitchOne(automation);
  const duplicate = useDuplicate();
  const remove = useDelete();
  const mayAct = useMayUse();
  const isLive = automation.live_version !== null;
  return (
    <>
      <PageHeader
        title={automation.name}
        description={
          <Group component="span" gap="sm" display="inline-flex">
            <StatusBadge status={automation.status} />
            <span>{automation.sentence}</span>
          </Group>
        }
        actions={
          <>
            <Switch
              aria-label={t('switch', { name: automation.name })}
              checked={automation.enabled}
              disabled={!isLive || !mayAct}
              onChange={(event) => toggle.mutate(event.currentTarget.checked)}
            />
            {mayAct && (
              <>
                <EditLink
                  variant="default"
                  leftSection={<IconPencil size={15} />}
                  automationId={automation.id}
                >
                  {t('edit')}
                </EditLink>
                <Button leftSection={<IconPlayerPlay size={15} />} disabled={!isLive} onClick={openRun}>
                  {t('runNow')}
                </Button>
                <Menu>
                  <Menu.Target>
                    <ActionIcon
                      variant="default"
                      size={36}
                      aria-label={t('actionsOf', { name: automation.name })}
                    >
                      <IconDots size={16} />
                    </ActionIcon>
                  </Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Item
                      leftSection={<IconCopy size={15} />}
                      onClick={() => duplicate.mutate(automation)}
                    >
                      {t('duplicate')}
                    </Menu.Item>
                    <Menu.Item
                      color="red"
                      leftSection={<IconTrash size={15} />}
                      onClick={() =>
                        remove.mutate(automation, { onSuccess: () => void navigate({ to: '/automations' }) })
                      }
                    >
                      {t('delete')}
                    </Menu.Item>
                  </Menu.Dropdown>
                </Menu>
              </>
            )}
          </>
        }
      />
      {automation.paused && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle />} title={t('paused')} mb="md">
          {automation.paused.reason}
        </Alert>
      )}
      {!isLive && (
        <Alert color="yellow" variant="light" mb="md" title={t('notPublished')}>
          {t('notPublishedText')}
        </Alert>
      )}
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(value) =>
          void navigate({
            search: { tab: value === 'overview' ? undefined : (value as AutomationTab) },
            replace: true,
          })
        }
      >
        <Tabs.List mb="md">
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`tabs.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="overview">
          <Overview automation={automation} />
        </Tabs.Panel>
        <Tabs.Panel value="runs">
          <RunsOfOne automationId={automation.id} />
        </Tabs.Panel>
        <Tabs.Panel value="versions">
          <Versions automation={automation} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <Settings key={automation.etag} automation={automation} />
        </Tabs.Panel>
      </Tabs>
      {running && <RunNow automation={automation} onClose={closeRun} />}
    </>
  );
}
