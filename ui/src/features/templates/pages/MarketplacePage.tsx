import { SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { ListState } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { catalogQuery } from '~/features/catalog/queries';

/** What agents and automations can be built from. */
export function MarketplacePage() {
  const { t } = useTranslation('templates');
  const { data, isPending, error, refetch } = useQuery(catalogQuery());
  return (
    <>
      <PageHeader title={t('title')} description={t('description')} />
      <ListState
        isPending={isPending}
        error={error}
        onRetry={() => void refetch()}
        isEmpty={false}
        empty={null}
      >
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          {data?.actions.map(({ name, title, description }) => (
            <Stack key={name} gap={4} p="md" style={{ border: 'var(--shell-edge)', borderRadius: 10 }}>
              <Title order={2} fz="sm">
                {title}
              </Title>
              <Text fz="sm" c="dimmed" lineClamp={3}>
                {description}
              </Text>
            </Stack>
          ))}
        </SimpleGrid>
      </ListState>
    </>
  );
}
