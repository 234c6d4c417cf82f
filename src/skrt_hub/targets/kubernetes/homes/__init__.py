"""Homes in the cluster: volumes.py reaches them through pods, participants.py is who has one."""
