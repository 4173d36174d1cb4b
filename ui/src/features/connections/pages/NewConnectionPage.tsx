import { Box, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { LoadError } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { catalogQuery } from '~/features/catalog/queries';
import { ConnectionForm } from '../components/ConnectionForm';
import { KindPicker } from '../components/KindPicker';

const route = getRouteApi('/inside/connections/new');

/** Choose a kind, then fill in its form; the kind is in the address. */
export function NewConnectionPage() {
  const { t } = useTranslation('connections');
  const { data: catalog, error, refetch } = useQuery(catalogQuery());
  const { kind: name } = route.useSearch();
  const navigate = route.useNavigate();
  const kind = catalog?.connections.find((each) => each.name === name);
  return (
    <>
      <PageHeader
        key={kind?.name ?? ''}
        title={kind ? t('newOf', { kind: kind.title }) : t('newTitle')}
        description={kind ? undefined : t('newText')}
      />
      {error && <LoadError error={error} onRetry={() => void refetch()} />}
      {!catalog && !error && <Skeleton height={240} />}
      {catalog && !kind && (
        <Box maw={860}>
          <KindPicker
            kinds={catalog.connections}
            onPick={(each) => void navigate({ search: { kind: each.name } })}
          />
        </Box>
      )}
      {kind && (
        <Box maw={560}>
          <ConnectionForm
            key={kind.name}
            kind={kind}
            onBack={() => void navigate({ search: {} })}
            onCreated={({ id }) =>
              void navigate({ to: '/connections/$connectionId', params: { connectionId: id } })
            }
          />
        </Box>
      )}
    </>
  );
}
