import { Anchor, type AnchorProps, Button, type ButtonProps, Menu, type MenuItemProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';

type Native = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps | keyof AnchorProps> & {
  ref?: Ref<HTMLAnchorElement>;
};

/** Mantine's button, anchor and menu item as links of the router: their `to`, `params` and `search` are typed. */
export const ButtonLink = createLink((props: ButtonProps & Native) => <Button component="a" {...props} />);
export const AnchorLink = createLink((props: AnchorProps & Native) => <Anchor {...props} />);
export const MenuItemLink = createLink((props: MenuItemProps & Native) => (
  <Menu.Item component="a" {...props} />
));
