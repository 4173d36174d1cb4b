import { TagsInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

interface Props {
  value: string[];
  onChange: (hosts: string[]) => void;
  /** Where it goes when none are named. */
  usual: string[];
  error?: string;
}

export function HostsInput({ value, onChange, usual, error }: Props) {
  const { t } = useTranslation('connections');
  return (
    <TagsInput
      label={t('hosts')}
      description={usual.length > 0 ? t('hostsUsual', { hosts: usual.join(', ') }) : t('hostsHelp')}
      placeholder={value.length === 0 ? (usual[0] ?? 'api.example.com') : undefined}
      splitChars={[',', ' ', ';']}
      acceptValueOnBlur
      maxTags={50}
      error={error}
      value={value}
      onChange={(hosts) => onChange(hosts.map(hostOf))}
    />
  );
}

/** The host of an address that was pasted whole. */
export function hostOf(text: string): string {
  const bare = text.trim();
  if (!/^[a-z]+:\/\//i.test(bare)) return bare;
  try {
    return new URL(bare).host;
  } catch {
    return bare;
  }
}
