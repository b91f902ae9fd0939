// SPDX-License-Identifier: Apache-2.0
/* The program that the others execute: as little as a process can be. */
int main(void)
{
	return 0;
}
