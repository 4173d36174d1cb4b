import { Skeleton, Tabs } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { components } from '~/api/schema';
import { PageHeader } from '~/design/PageHeader';
import { meQuery } from '~/features/accounts/queries';
import { AuditPart } from '../parts/AuditPart';
import { MembersPart } from '../parts/MembersPart';
import { NotificationsPart } from '../parts/NotificationsPart';
import { PlansPart } from '../parts/PlansPart';
import { ProfilePart } from '../parts/ProfilePart';
import { SecurityPart } from '../parts/SecurityPart';
import { TokensPart } from '../parts/TokensPart';
import { UsersPart } from '../parts/UsersPart';
import { WorkspacePart } from '../parts/WorkspacePart';
import { PARTS, type Part } from '../routes';

type Me = components['schemas']['MeView'];

const route = getRouteApi('/inside/settings');
const COMPONENTS: Record<Part, (props: { me: Me }) => React.JSX.Element> = {
  profile: ProfilePart,
  security: SecurityPart,
  notifications: NotificationsPart,
  tokens: TokensPart,
  workspace: WorkspacePart,
  members: MembersPart,
  audit: AuditPart,
  users: UsersPart,
  plans: PlansPart,
};

/** The parts that somebody may see: the audit log is for admins, the installation for its operators. */
export function partsOf({ user, workspace }: Me): Part[] {
  const isAdmin = workspace.role === 'owner' || workspace.role === 'admin';
  return PARTS.filter((part) => {
    if (part === 'audit') return isAdmin;
    return part === 'users' || part === 'plans' ? user.is_operator : true;
  });
}

export function SettingsPage() {
  const { t } = useTranslation('settings');
  const { part: wanted = 'profile' } = route.useSearch();
  const navigate = route.useNavigate();
  const { data: me } = useQuery(meQuery());
  const wide = useMediaQuery('(min-width: 62em)', true, { getInitialValueInEffect: false });
  const parts = me ? partsOf(me) : [];
  const part = parts.find((each) => each === wanted) ?? 'profile';
  const Component = COMPONENTS[part];
  return (
    <>
      <PageHeader title={t('title')} />
      {me ? (
        <Tabs
          value={part}
          orientation={wide ? 'vertical' : 'horizontal'}
          styles={{ tabLabel: { textAlign: 'start' } }}
          onChange={(next) => void navigate({ search: { part: PARTS.find((each) => each === next) } })}
        >
          <Tabs.List mb={wide ? 0 : 'md'} miw={wide ? 180 : undefined}>
            {parts.map((each) => (
              <Tabs.Tab key={each} value={each}>
                {t(`part.${each}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value={part} pl={wide ? 'xl' : 0} maw={860}>
            <Component key={me.workspace.id} me={me} />
          </Tabs.Panel>
        </Tabs>
      ) : (
        <Skeleton height={160} maw={420} aria-busy="true" />
      )}
    </>
  );
}
