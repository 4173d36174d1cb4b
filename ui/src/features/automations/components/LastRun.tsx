import { Link } from '@tanstack/react-router';
import { t } from 'i18next';
import { StatusBadge } from '~/design/StatusBadge';
import { useLanguage } from '~/i18n/language';
import type { Automation } from '../queries';

/** How the last run ended; it leads there. */
export function LastRun({
  automation,
}: {
  automation: Pick<Automation, 'name' | 'last_run_id' | 'last_run_status'>;
}) {
  useLanguage();
  const { name, last_run_id, last_run_status } = automation;
  if (!last_run_status) return null;
  if (!last_run_id) return <StatusBadge status={last_run_status} />;
  return (
    <Link
      to="/automations/logs/$logId"
      params={{ logId: last_run_id }}
      className="last-run"
      title={t('openLastRun', { ns: 'automations', name })}
    >
      <StatusBadge status={last_run_status} />
    </Link>
  );
}
