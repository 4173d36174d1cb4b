import { Avatar } from '@mantine/core';
import { IconRobot } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { pictureQuery } from '../queries';

interface Props {
  avatar: string | null;
  size?: number;
}

/** An agent's emoji or picture; decorative, its name stands beside it. */
export function AgentAvatar({ avatar, size = 32 }: Props) {
  const isPicture = avatar?.startsWith('/api/') ?? false;
  const { data } = useQuery({ ...pictureQuery(avatar ?? ''), enabled: isPicture });
  return (
    <Avatar src={data} size={size} radius="md" color="gray" variant="light" aria-hidden alt="">
      {avatar && !isPicture ? (
        <span style={{ fontSize: size * 0.55, lineHeight: 1 }}>{avatar}</span>
      ) : (
        <IconRobot size={size * 0.55} stroke={1.6} />
      )}
    </Avatar>
  );
}
