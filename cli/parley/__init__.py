"""What programs import of Parley: `parley.client`, which talks to a server and uses no code of one."""
