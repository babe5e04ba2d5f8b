"""Where networks and studies are kept."""
