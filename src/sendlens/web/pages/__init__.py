"""The pages: handlers, access, addresses and rendering. Figures come from `panels`, styles from `static`."""
