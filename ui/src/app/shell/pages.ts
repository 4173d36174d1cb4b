import {
  IconBolt,
  IconBuildingStore,
  IconChartBar,
  IconChecklist,
  IconHistory,
  IconMessages,
  IconPlugConnected,
  IconRobot,
  IconSettings,
} from '@tabler/icons-react';

/** The pages of the sidebar and of the palette, in this order. */
export const PAGES = [
  { name: 'agents', to: '/agents', icon: IconRobot },
  { name: 'automations', to: '/automations', icon: IconBolt },
  { name: 'runs', to: '/automations/logs', icon: IconHistory },
  { name: 'approvals', to: '/approvals', icon: IconChecklist },
  { name: 'channels', to: '/channels', icon: IconMessages },
  { name: 'marketplace', to: '/admin/marketplace', icon: IconBuildingStore },
  { name: 'connections', to: '/connections', icon: IconPlugConnected },
  { name: 'usage', to: '/usage', icon: IconChartBar },
  { name: 'settings', to: '/settings', icon: IconSettings },
] as const;
