/* Who may do what: operators run the segmentation, readers look at its results. */
IF DATABASE_PRINCIPAL_ID(N'seg_operator') IS NULL
    CREATE ROLE seg_operator AUTHORIZATION dbo;

IF DATABASE_PRINCIPAL_ID(N'seg_reader') IS NULL
    CREATE ROLE seg_reader AUTHORIZATION dbo;
