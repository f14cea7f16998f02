import type { ComponentChildren } from "preact";
import { usePage } from "./context";

interface Props {
  to: string;
  class?: string;
  "aria-current"?: "page" | undefined;
  children: ComponentChildren;
}

/** A link inside the page: a real address, opened without loading anew. */
export function Link({ to, children, ...rest }: Props) {
  const { router } = usePage();
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    router.go(to);
  };
  return (
    <a {...rest} href={router.href(to)} onClick={follow}>
      {children}
    </a>
  );
}
