"""What several test modules share: homes with content, material, archives, faults."""
