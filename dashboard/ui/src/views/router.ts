/** Addresses: real ones in the product; behind `#` where a page lies under one fixed address. */
import { signal } from "@preact/signals";

export interface Router {
  readonly path: { readonly value: string };
  /** The link's address for a path. */
  href(path: string): string;
  go(path: string): void;
}

export function pathRouter(): Router {
  const path = signal(location.pathname);
  addEventListener("popstate", () => (path.value = location.pathname));
  return {
    path,
    href: (to) => to,
    go(to) {
      if (to === path.peek()) return;
      history.pushState(null, "", to);
      path.value = to;
      scrollTo(0, 0);
    },
  };
}

export function hashRouter(): Router {
  const read = () => location.hash.slice(1) || "/";
  const path = signal(read());
  addEventListener("hashchange", () => (path.value = read()));
  return {
    path,
    href: (to) => `#${to}`,
    go(to) {
      location.hash = to;
    },
  };
}
