import { Box, Button, Group, Menu, SimpleGrid, Skeleton, Stack, Title } from '@mantine/core';
import { IconDots, IconPlugConnected, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Facts } from '~/design/Facts';
import { LoadError } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { When } from '~/design/When';
import { catalogQuery } from '~/features/catalog/queries';
import { DeleteDialog } from '../components/DeleteDialog';
import { EditForm } from '../components/EditForm';
import { Offers } from '../components/Offers';
import { RotateForm } from '../components/RotateForm';
import { TestResult } from '../components/TestResult';
import { UsesList } from '../components/UsesList';
import { useTestConnection } from '../mutations';
import { connectionQuery, modelsQuery, roomsQuery, toolsQuery } from '../queries';
import { useMayConnect, useMayUse } from '../roles';
import { State } from './ConnectionsPage';

const route = getRouteApi('/inside/connections/$connectionId');

export function ConnectionPage() {
  const { t } = useTranslation('connections');
  const { t: tApp } = useTranslation();
  const { connectionId } = route.useParams();
  const { data, error, refetch } = useQuery(connectionQuery(connectionId));
  const { data: catalog } = useQuery(catalogQuery());
  const test = useTestConnection();
  const mayConnect = useMayConnect();
  const mayUse = useMayUse();
  const [deleting, setDeleting] = useState(false);
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data || !catalog) return <Skeleton height={240} aria-busy="true" />;
  const { connection, etag } = data;
  const kind = catalog.connections.find(({ name }) => name === connection.kind);
  const tested = test.variables === connection.id ? test.data : undefined;
  return (
    <>
      <PageHeader
        title={connection.name}
        description={kind?.title ?? connection.kind}
        actions={
          mayUse && (
            <>
              <Button
                variant="default"
                leftSection={<IconPlugConnected size={15} />}
                loading={test.isPending}
                onClick={() => test.mutate(connection.id)}
              >
                {t('test')}
              </Button>
              {mayConnect && (
                <Menu>
                  <Menu.Target>
                    <Button variant="default" px={8} aria-label={tApp('actions')}>
                      <IconDots size={17} />
                    </Button>
                  </Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Item
                      color="red"
                      leftSection={<IconTrash size={15} />}
                      onClick={() => setDeleting(true)}
                    >
                      {t('delete')}
                    </Menu.Item>
                  </Menu.Dropdown>
                </Menu>
              )}
            </>
          )
        }
      />
      {tested && (
        <Box mb="md" maw={1100}>
          <TestResult tested={tested} />
        </Box>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl" maw={1100}>
        <Stack gap="lg">
          {mayConnect && kind ? (
            <Section title={t('settings')}>
              <EditForm key={connection.updated_at} connection={connection} etag={etag} kind={kind} />
            </Section>
          ) : null}
          {mayConnect && kind && kind.secrets.length > 0 && (
            <Section title={t('secrets')}>
              <RotateForm key={connection.updated_at} connection={connection} kind={kind} />
            </Section>
          )}
        </Stack>
        <Stack gap="lg">
          {mayUse && (
            <Section title={t('condition')}>
              <Facts
                facts={[
                  [t('state'), <State key="state" connection={connection} />],
                  ...(connection.last_error
                    ? [[t('trouble'), connection.last_error] as [string, ReactNode]]
                    : []),
                  [t('lastTested'), <When key="tested" at={connection.last_tested_at} none={t('never')} />],
                  [t('lastUsed'), <When key="used" at={connection.last_used_at} none={t('never')} />],
                  ...(connection.listening
                    ? [
                        [t('listening'), t(`listeningStates.${connection.listening.state}`)] as [
                          string,
                          ReactNode,
                        ],
                      ]
                    : []),
                  [t('hosts'), (connection.allowed_hosts ?? []).join('\n')],
                  [t('createdAt'), <When key="created" at={connection.created_at} />],
                ]}
              />
            </Section>
          )}
          {mayUse && (
            <Section title={t('usedIn')}>
              <UsesList connectionId={connection.id} />
            </Section>
          )}
          {mayUse && kind?.purpose === 'model' && (
            <Section title={t('models')}>
              <Offers query={modelsQuery(connection.id)} show={t('showModels')} note={t('modelPrices')} />
            </Section>
          )}
          {mayUse && kind?.purpose === 'mcp' && (
            <Section title={t('tools')}>
              <Offers query={toolsQuery(connection.id)} show={t('showTools')} />
            </Section>
          )}
          {mayUse && (kind?.name === 'slack' || kind?.name === 'rocketchat') && (
            <Section title={t('rooms')}>
              <Offers query={roomsQuery(connection.id)} show={t('showRooms')} />
            </Section>
          )}
        </Stack>
      </SimpleGrid>
      {deleting && <DeleteDialog connection={connection} onClose={() => setDeleting(false)} />}
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <Group justify="space-between" mb={8}>
        <Title order={2}>{title}</Title>
      </Group>
      {children}
    </section>
  );
}
